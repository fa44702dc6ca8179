package store

import (
	"slices"
	"strings"

	"clawback/verdict"
)

// Carries is what a message tells of the messages that it forwards or answers. Anybody can write it: it is good for
// asking a person, and for nothing else.
type Carries struct {
	Attached []string `json:"attached,omitempty"` // Message-IDs of messages that are attached to it
	Contents []string `json:"contents,omitempty"` // their Record.Contents
	Refers   []string `json:"refers,omitempty"`   // Message-IDs of In-Reply-To and References
}

// Forward is a flagged record that another record carries.
type Forward struct {
	Record      string              `json:"record"`
	How         string              `json:"how"` // for a person: "attached, with the same Message-ID"
	Disposition verdict.Disposition `json:"disposition"`
	Pinned      string              `json:"pinned,omitempty"` // as Record.Pinned of that record
}

const (
	maxCarried  = 32 // of each list of Carries
	maxForwards = 8  // flagged records that are kept of one that carries them
	maxCarriers = 64 // records that are looked at for one that they carry
)

// bound settles what one record may carry: text that comes back from a row as it went in, each once, and not too many.
func (c Carries) bound() Carries {
	return Carries{Attached: bounded(c.Attached), Contents: bounded(c.Contents), Refers: bounded(c.Refers)}
}

func bounded(list []string) (kept []string) {
	for _, s := range list {
		s = strings.ToValidUTF8(s, "\uFFFD")
		if bare(s) != "" && len(kept) < maxCarried && !slices.Contains(kept, s) {
			kept = append(kept, s)
		}
	}
	return kept
}

func (c Carries) unite(o Carries) Carries {
	return Carries{
		Attached: slices.Concat(c.Attached, o.Attached), Contents: slices.Concat(c.Contents, o.Contents),
		Refers: slices.Concat(c.Refers, o.Refers),
	}.bound()
}

// carriedNames are the keys under which a record is found by those that it carries.
func (r Record) carriedNames() (keys [][]byte) {
	for _, id := range r.Carries.Attached {
		keys = append(keys, carrierOfID(r.Tenant, "attached", id))
	}
	for _, id := range r.Carries.Refers {
		keys = append(keys, carrierOfID(r.Tenant, "refers", id))
	}
	for _, contents := range r.Carries.Contents {
		keys = append(keys, hash16("carries contents", r.Tenant, contents))
	}
	return keys
}

func carrierOfID(tenant, how, id string) []byte {
	return hash16("carries", tenant, how, bare(id))
}

// bare is a Message-ID without its angle brackets.
func bare(id string) string { return strings.Trim(strings.TrimSpace(id), "<>") }

// contentsName finds the flagged records with certain contents.
func contentsName(tenant, contents string) []byte { return hash16("contents", tenant, contents) }

// carrierNames are the keys under which those are found that carry a record.
func (r Record) carrierNames() (keys [][]byte) {
	if r.MessageID != "" {
		keys = append(keys, carrierOfID(r.Tenant, "attached", r.MessageID), carrierOfID(r.Tenant, "refers", r.MessageID))
	}
	if r.Contents != "" {
		keys = append(keys, hash16("carries contents", r.Tenant, r.Contents))
	}
	return keys
}

// howCarried says how one record carries another; "" when it does not.
func howCarried(carrier, original Record) string {
	is := func(id string) bool { return original.MessageID != "" && bare(id) == bare(original.MessageID) }
	switch {
	case carrier.ID == original.ID || carrier.Tenant != original.Tenant:
		return ""
	case original.Contents != "" && slices.Contains(carrier.Carries.Contents, original.Contents):
		return "attached, with the same content"
	case slices.ContainsFunc(carrier.Carries.Attached, is):
		return "attached, with the same Message-ID"
	case slices.ContainsFunc(carrier.Carries.Refers, is):
		return sharedIndicator(carrier.Verdict, original.Verdict)
	}
	return ""
}

// sharedIndicator says what two messages of one thread have in common beyond the thread.
func sharedIndicator(a, b verdict.Verdict) string {
	for _, kind := range []struct{ kind, name string }{{"sha256", "attachment"}, {"url", "link"}} {
		for _, i := range a.Indicators {
			if i.Kind == kind.kind && i.Value != "" && slices.Contains(b.Indicators, i) {
				return "answered or forwarded, with the same " + kind.name
			}
		}
	}
	return ""
}

// tells reports whether a record is one of which forwards are noted. What anybody may have written is not.
func (r Record) tells() bool { return r.FirstHand && r.Verdict.Disposition.Flagged() }

// forwardsOf looks for the flagged records that a record carries, and refreshes what is known of those that it has.
func (t *txn) forwardsOf(rec Record) (list []Forward, err error) {
	var keys [][]byte
	for _, id := range slices.Concat(rec.Carries.Attached, rec.Carries.Refers) {
		keys = append(keys, messageIDName(id))
	}
	for _, contents := range rec.Carries.Contents {
		keys = append(keys, contentsName(rec.Tenant, contents))
	}
	for _, key := range keys {
		err := t.named(key, func(original Record) error {
			list = withForward(list, rec, original)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}

// named calls fn for the records under a name, some at most. It looks before fn writes.
func (t *txn) named(key []byte, fn func(Record) error) error {
	var ids []string
	t.each(bNames, key, func(k, _ []byte) bool {
		ids = append(ids, string(k[len(key):]))
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

// withForward is the list with what is now true of one original. The list is not changed.
func withForward(list []Forward, carrier, original Record) []Forward {
	at := slices.IndexFunc(list, func(f Forward) bool { return f.Record == original.ID })
	how := ""
	if original.tells() {
		how = howCarried(carrier, original)
	}
	f := Forward{Record: original.ID, How: how, Disposition: original.Verdict.Disposition, Pinned: original.Pinned}
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
// not any more, or was pinned. Old is the record as it was, nil for a new one.
func (t *txn) carriers(rec Record, old *Record, plan Planner) error {
	if !rec.tells() && (old == nil || !old.tells()) {
		return nil
	}
	for _, key := range rec.carrierNames() {
		if err := t.named(key, func(carrier Record) error { return t.carrier(carrier, rec, plan) }); err != nil {
			return err
		}
	}
	return nil
}

func (t *txn) carrier(carrier, original Record, plan Planner) error {
	forwards := withForward(carrier.Forwards, carrier, original)
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
	return t.putPlanned(next, planned, have)
}
