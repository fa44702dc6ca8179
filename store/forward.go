package store

import (
	"net/url"
	"slices"
	"strings"

	"clawback/internal/mailaddr"
	"clawback/verdict"
)

// Carries is what a message tells of the messages that it forwards or answers. Anybody can write it: it is good for
// asking a person, and for nothing else.
type Carries struct {
	Messages []Carried `json:"messages,omitempty"` // messages that are attached to it, in whatever form
	Refers   []string  `json:"refers,omitempty"`   // Message-IDs of In-Reply-To and References
}

// Carried is a message that is attached to another one.
type Carried struct {
	MessageID string   `json:"message_id,omitempty"`
	Network   []string `json:"network,omitempty"`  // its network message ids, as its header tells them
	Contents  string   `json:"contents,omitempty"` // as Record.Contents
}

// Forward is a bad record that another record carries: one that is flagged, or that a person had retracted.
type Forward struct {
	Record      string              `json:"record"`
	How         string              `json:"how"` // for a person: "attached, with the same content"
	Disposition verdict.Disposition `json:"disposition"`
	Pinned      string              `json:"pinned,omitempty"`       // as Record.Pinned of that record
	RetractedBy string              `json:"retracted_by,omitempty"` // as Record.RetractedBy of that record
}

const (
	maxCarried  = 32 // of each list of Carries
	maxForwards = 8  // flagged records that are kept of one that carries them
	maxNetworks = 8  // of each Carried
	maxCarriers = 64 // records that are looked at for one that they carry
)

// bound settles what one record may carry: text that comes back from a row as it went in, each once, and not too many.
// What can prove nothing is left out.
func (c Carries) bound() (b Carries) {
	b.Refers = bounded(c.Refers, maxCarried)
	for _, m := range c.Messages {
		m.MessageID, m.Contents = strings.ToValidUTF8(m.MessageID, "\uFFFD"), strings.ToValidUTF8(m.Contents, "\uFFFD")
		m.Network = bounded(m.Network, maxNetworks)
		if len(m.Network) == 0 && m.Contents == "" || len(b.Messages) >= maxCarried ||
			slices.ContainsFunc(b.Messages, m.equal) {
			continue
		}
		b.Messages = append(b.Messages, m)
	}
	return b
}

func bounded(list []string, most int) (kept []string) {
	for _, s := range list {
		s = strings.ToValidUTF8(s, "\uFFFD")
		if bare(s) != "" && len(kept) < most && !slices.Contains(kept, s) {
			kept = append(kept, s)
		}
	}
	return kept
}

func (m Carried) equal(o Carried) bool {
	return m.MessageID == o.MessageID && m.Contents == o.Contents && slices.Equal(m.Network, o.Network)
}

func (c Carries) unite(o Carries) Carries {
	return Carries{Messages: slices.Concat(c.Messages, o.Messages), Refers: slices.Concat(c.Refers, o.Refers)}.bound()
}

// carriedNames are the keys under which a record is found by those that it carries.
func (r Record) carriedNames() (keys [][]byte) {
	for _, m := range r.Carries.Messages {
		for _, id := range m.Network {
			keys = append(keys, carrierOf(r.Tenant, "network", mailaddr.Lower(id)))
		}
		if m.Contents != "" {
			keys = append(keys, carrierOf(r.Tenant, "contents", m.Contents))
		}
	}
	for _, id := range r.Carries.Refers {
		keys = append(keys, carrierOf(r.Tenant, "refers", bare(id)))
	}
	return keys
}

// carrierOf finds the records that carry what has a certain id or content.
func carrierOf(tenant, how, value string) []byte { return hash16("carries", tenant, how, value) }

// bare is a Message-ID without its angle brackets.
func bare(id string) string { return strings.Trim(strings.TrimSpace(id), "<>") }

// contentsName finds the flagged records with certain contents.
func contentsName(tenant, contents string) []byte { return hash16("contents", tenant, contents) }

// carrierNames are the keys under which those are found that carry a record.
func (r Record) carrierNames() (keys [][]byte) {
	if r.NetworkMessageID != "" {
		keys = append(keys, carrierOf(r.Tenant, "network", mailaddr.Lower(r.NetworkMessageID)))
	}
	if r.Contents != "" {
		keys = append(keys, carrierOf(r.Tenant, "contents", r.Contents))
	}
	if r.MessageID != "" {
		keys = append(keys, carrierOf(r.Tenant, "refers", bare(r.MessageID)))
	}
	return keys
}

// howCarried says how one record carries another; "" when it does not. A Message-ID can be copied: alone it tells
// nothing, and where what is attached has it and is another message, that speaks against the thread too.
func (t *txn) howCarried(carrier, original Record) (string, error) {
	if carrier.ID == original.ID || carrier.Tenant != original.Tenant {
		return "", nil
	}
	named := func(id string) bool { return original.MessageID != "" && bare(id) == bare(original.MessageID) }
	copied := false
	for _, m := range carrier.Carries.Messages {
		switch how, err := t.isCarried(m, original); {
		case how != "" || err != nil:
			return how, err
		case named(m.MessageID) && m.comparable(original):
			copied = true
		}
	}
	if !copied && slices.ContainsFunc(carrier.Carries.Refers, named) {
		return sharedIndicator(carrier.Verdict, original.Verdict), nil
	}
	return "", nil
}

// isCarried says by what an attached message is known to be a record's; "" when it is not. A network message id that is
// another record's makes it that record's, and where both have one it decides; else the content does. That is enough to
// ask a person, and for nothing else: package retract demands more of what it moves.
func (t *txn) isCarried(m Carried, original Record) (string, error) {
	for _, id := range m.Network {
		if owned, err := t.ownedByAnother(id, original); owned || err != nil {
			return "", err
		}
	}
	return m.relationTo(original), nil
}

// ownedByAnother reports whether a network message id is that of another record than this one.
func (t *txn) ownedByAnother(id string, rec Record) (owned bool, err error) {
	err = t.named(rec.Tenant, networkName(id), func(r Record) error {
		owned = owned || r.ID != rec.ID
		return nil
	})
	return owned, err
}

func (m Carried) relationTo(original Record) string {
	if m.comparable(original) {
		same := func(id string) bool { return mailaddr.Equal(id, original.NetworkMessageID) }
		if slices.ContainsFunc(m.Network, same) {
			return "attached, with the same network message id"
		}
		return ""
	}
	other := m.MessageID != "" && original.MessageID != "" && bare(m.MessageID) != bare(original.MessageID)
	if m.Contents == "" || m.Contents != original.Contents || other {
		return ""
	}
	return "attached, with the same content"
}

// comparable reports whether both have a network message id.
func (m Carried) comparable(original Record) bool {
	return original.NetworkMessageID != "" && len(m.Network) > 0
}

// sharedIndicator says what two messages of one thread have in common beyond the thread.
func sharedIndicator(a, b verdict.Verdict) string {
	for _, kind := range []struct{ kind, name string }{{"sha256", "attachment"}, {"url", "link"}} {
		theirs := map[string]bool{}
		for _, i := range b.Indicators {
			theirs[i.Kind+" "+unwrapped(i.Value)] = i.Value != ""
		}
		for _, i := range a.Indicators {
			if i.Kind == kind.kind && theirs[i.Kind+" "+unwrapped(i.Value)] {
				return "answered or forwarded, with the same " + kind.name
			}
		}
	}
	return ""
}

// unwrapped is a link without what Microsoft's Safe Links put around it, which names the recipient and so is another
// one for each: https://learn.microsoft.com/defender-office-365/safe-links-about
func unwrapped(link string) string {
	const service = ".safelinks.protection.outlook.com/?"
	if !strings.Contains(link, service) {
		return link
	}
	u, err := url.Parse(link)
	if err != nil || !strings.HasSuffix(u.Hostname()+"/?", service) || u.Query().Get("url") == "" {
		return link
	}
	return u.Query().Get("url")
}

// forwardsNoted reports whether a record is one of which forwards are noted. What anybody may have written is not.
func (r Record) forwardsNoted() bool {
	return r.FirstHand && (r.Verdict.Disposition.Flagged() || r.RetractedBy != "")
}

// forwardsOf looks for the flagged records that a record carries, and refreshes what is known of those that it has.
func (t *txn) forwardsOf(rec Record) (list []Forward, err error) {
	var keys [][]byte
	for _, m := range rec.Carries.Messages {
		for _, id := range m.Network {
			keys = append(keys, networkName(id))
		}
		if m.Contents != "" {
			keys = append(keys, contentsName(rec.Tenant, m.Contents))
		}
	}
	for _, id := range rec.Carries.Refers {
		keys = append(keys, messageIDName(id))
	}
	for _, key := range keys {
		err := t.named(rec.Tenant, key, func(original Record) error {
			how, err := t.howCarried(rec, original)
			list = withForward(list, original, how)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}

// named calls fn for a tenant's records under a name, some at most. It looks before fn writes.
func (t *txn) named(tenant string, key []byte, fn func(Record) error) error {
	var ids []string
	t.each(tableNames, key, func(k, of []byte) bool {
		if string(of) == tenant { // one bad message may have come to very many tenants
			ids = append(ids, string(k[len(key):]))
		}
		return len(ids) < maxCarriers
	})
	for _, id := range ids {
		rec, found, err := t.record(id)
		if err == nil && found {
			err = fn(rec)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// withForward is the list with what is now true of one original, carried in that way. The list is not changed.
func withForward(list []Forward, original Record, how string) []Forward {
	at := slices.IndexFunc(list, func(f Forward) bool { return f.Record == original.ID })
	if !original.forwardsNoted() {
		how = ""
	}
	f := Forward{Record: original.ID, How: how, Disposition: original.Verdict.Disposition, Pinned: original.Pinned,
		RetractedBy: original.RetractedBy}
	switch {
	case how == "" && at < 0:
		return list
	case how == "":
		return slices.Delete(slices.Clone(list), at, at+1)
	case at >= 0:
		list = slices.Clone(list)
		list[at] = f
		return list
	case len(list) >= maxForwards:
		return list
	}
	return append(slices.Clip(list), f)
}

// carriers has the records that carry this one planned again, when what they carry has changed: it was flagged, or is
// not any more, or was pinned, or a person had it retracted. Old is the record as it was, nil for a new one.
func (t *txn) carriers(rec Record, old *Record, plan Planner) error {
	if !rec.forwardsNoted() && (old == nil || !old.forwardsNoted()) {
		return nil
	}
	for _, key := range rec.carrierNames() {
		plans := func(carrier Record) error { return t.carrier(carrier, rec, plan) }
		if err := t.named(rec.Tenant, key, plans); err != nil {
			return err
		}
	}
	return nil
}

func (t *txn) carrier(carrier, original Record, plan Planner) error {
	how, err := t.howCarried(carrier, original)
	if err != nil {
		return err
	}
	forwards := withForward(carrier.Forwards, original, how)
	if slices.Equal(forwards, carrier.Forwards) {
		return nil
	}
	next := carrier
	next.Forwards = forwards
	have, err := t.intentsOf(carrier.ID)
	if err != nil {
		return err
	}
	var planned []Intent
	if plan != nil {
		planned = plan(next, slices.Clone(have))
	}
	if err := t.putRecord(&next, &carrier); err != nil {
		return err
	}
	_, err = t.putPlanned(next, planned, have)
	return err
}
