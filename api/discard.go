package api

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/mail"
	"net/netip"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/google/uuid"

	"clawback/internal/mailaddr"
	"clawback/journal"
	"clawback/queue"
	"clawback/store"
)

// The operations on what is in quarantine.
var (
	ListGroups = define(Operation{Name: "queue.groups", Route: "GET /v1/queue/groups", Role: Viewer,
		Does: "list what is in quarantine by its cause"}, (*Service).listGroups)
	DiscardItem = define(Operation{Name: "queue.discard", Route: "POST /v1/queue/{id}/discard",
		Role: Administrator,
		Does: "discard an item of the quarantine for good"}, (*Service).discardItem)
	PreviewDiscard = define(Operation{Name: "queue.discard_preview", Route: "POST /v1/queue/discard/preview",
		Role: Administrator, Asks: true,
		Does: "say which items a selection of the quarantine has"}, (*Service).previewDiscard)
	DiscardSelected = define(Operation{Name: "queue.discard_selected", Route: "POST /v1/queue/discard",
		Role: Administrator,
		Does: "discard all items of a selection of the quarantine for good"}, (*Service).discardSelected)
)

// Selection selects items in quarantine: those that fit everything it names.
type Selection struct {
	Tenant   string    `json:"tenant,omitempty"`    // name or GUID
	Purpose  string    `json:"purpose,omitempty"`   // journal, recovery, submission, postmaster
	Network  string    `json:"network,omitempty"`   // name of a network set
	Unlisted bool      `json:"unlisted,omitempty"`  // from networks that no listener names
	Cause    string    `json:"cause,omitempty"`     // as the groups show it
	MailFrom string    `json:"mail_from,omitempty"` // an address, @domain, or <>
	Peers    string    `json:"peers,omitempty"`     // an IP address or CIDR
	Before   time.Time `json:"before,omitzero"`     // received before
}

// Group is a number of items in quarantine that are of one kind.
type Group struct {
	Tenant     string        `json:"tenant,omitempty"`
	TenantName string        `json:"tenant_name,omitempty"` // as it is configured now
	Purpose    queue.Purpose `json:"purpose"`
	Network    string        `json:"network"`
	Cause      queue.Cause   `json:"cause,omitempty"`
	Reason     string        `json:"reason,omitempty"` // where there is no cause, in rows of older versions
	Count      int           `json:"count"`
	Bytes      int64         `json:"bytes"`
	Oldest     time.Time     `json:"oldest"` // when the first of them was received
	Newest     time.Time     `json:"newest"`
	Last       Item          `json:"last"` // the newest of them
}

// GroupQuery selects groups.
type GroupQuery struct {
	Paging
	Tenant string `json:"tenant,omitempty"`
}

// DiscardPreview is what a discard of several would throw away.
type DiscardPreview struct {
	Count   int       `json:"count"`
	Bytes   int64     `json:"bytes"`
	Oldest  time.Time `json:"oldest,omitzero"`
	Newest  time.Time `json:"newest,omitzero"`
	Groups  []Group   `json:"groups"`
	Samples []Item    `json:"samples"` // the first of them
	AsOf    time.Time `json:"as_of"`   // to be given back with the order, as is what follows
	Through string    `json:"through"` // id of the last
}

// DiscardOrder discards what a preview has shown.
type DiscardOrder struct {
	Selection
	Count   int       `json:"count"`
	AsOf    time.Time `json:"as_of"`
	Through string    `json:"through"`
	Comment string    `json:"comment"`
}

func (s *Service) listGroups(ctx context.Context, a access, q GroupQuery) (page Page[Group], err error) {
	sel, err := s.selection(a, Selection{Tenant: q.Tenant})
	if err != nil {
		return page, err
	}
	groups, err := s.groups(ctx, a, sel)
	if err != nil {
		return page, err
	}
	return part(groups, q.Paging, func(g Group) string { return g.Last.ID }, func(g Group) Group { return g })
}

// groups are those of a selection, with the names of their tenants.
func (s *Service) groups(ctx context.Context, a access, sel queue.Selection) ([]Group, error) {
	rows, err := s.o.Queue.Groups(ctx, sel)
	groups := []Group{}
	for _, g := range rows {
		shown := Group{Tenant: g.Tenant, Purpose: g.Purpose, Network: g.Network, Cause: g.Cause, Reason: g.Reason,
			Count: g.Count,
			Bytes: g.Bytes, Oldest: g.Oldest, Newest: g.Newest, Last: a.item(g.Last)}
		if g.Tenant != "" {
			if t, err := s.o.Tenant(g.Tenant); err == nil {
				shown.TenantName = t.Name
			}
		}
		groups = append(groups, shown)
	}
	return groups, err
}

// selection reads a selection.
func (s *Service) selection(a access, w Selection) (sel queue.Selection, err error) {
	sel = queue.Selection{
		Purpose: queue.Purpose(w.Purpose), Network: w.Network, Unlisted: w.Unlisted, Cause: queue.Cause(w.Cause),
		MailFrom: w.MailFrom, Before: w.Before,
	}
	if w.Network != "" && w.Unlisted {
		return sel, problem(InvalidRequest, "a network set, and networks that no listener names, exclude each other")
	}
	if w.Peers != "" {
		if sel.Peers, err = peers(w.Peers); err != nil {
			return sel, problem(InvalidRequest, "peers %q: use an IP address or a CIDR", w.Peers)
		}
	}
	sel.Tenant, err = s.scope(a, w.Tenant)
	return sel, err
}

func peers(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err
}

// chosen reads a selection that must name something: everything is thrown away by nobody's mistake.
func (s *Service) chosen(a access, w Selection) (queue.Selection, error) {
	if w == (Selection{}) {
		return queue.Selection{}, problem(InvalidRequest,
			"name what is to be discarded: by tenant, purpose, network, cause, sender, peer or age")
	}
	return s.selection(a, w)
}

func (s *Service) previewDiscard(ctx context.Context, a access, w Selection) (DiscardPreview, error) {
	sel, err := s.chosen(a, w)
	if err != nil {
		return DiscardPreview{}, err
	}
	groups, err := s.groups(ctx, a, sel)
	if err != nil {
		return DiscardPreview{}, err
	}
	d, err := s.o.Queue.Preview(ctx, sel)
	p := DiscardPreview{Count: d.Count, Bytes: d.Bytes, Oldest: d.Oldest, Newest: d.Newest, Groups: groups,
		Samples: []Item{}, AsOf: d.AsOf, Through: d.Through}
	for _, it := range d.Samples {
		p.Samples = append(p.Samples, a.item(it))
	}
	return p, err
}

// discarding is what the audit calls it.
const discarding = "queue.discard"

// discardItem throws an item in quarantine away. The audit says what it was, for nothing else will.
func (s *Service) discardItem(ctx context.Context, a access, o ItemOrder) (Act, error) {
	it, err := s.itemOf(ctx, a, o.ID)
	if err != nil {
		return Act{}, err
	}
	if err := reason(o.Comment); err != nil {
		return Act{}, err
	}
	act := store.Act{At: time.Now().UTC(), Who: a.Name, What: discarding, Tenant: it.Envelope.Tenant, Object: it.ID,
		Comment: o.Comment}
	if it.State == queue.Quarantined { // else the queue refuses
		act.Comment += " (" + s.content(it) + ")"
	}
	note, err := json.Marshal(act)
	if err != nil {
		return Act{}, fmt.Errorf("encode audit entry: %w", err)
	}
	if err := s.o.Queue.Discard(ctx, it.ID, note); err != nil {
		return Act{}, err
	}
	if err := s.noteDiscarded(ctx, it.ID); err != nil {
		return Act{}, fmt.Errorf("item %s is discarded, and the audit will say so when it can be written: %w", it.ID,
			err)
	}
	return actOf(act), nil
}

// reason demands a comment of what cannot be undone.
func reason(comment string) error {
	if strings.TrimSpace(comment) == "" {
		return problem(InvalidRequest, "say why, in a comment: it cannot be undone")
	}
	return nil
}

// discardSelected throws away what a preview has shown. It is one entry in the audit, also where it ended in the
// middle.
func (s *Service) discardSelected(ctx context.Context, a access, o DiscardOrder) (Act, error) {
	sel, err := s.chosen(a, o.Selection)
	if err != nil {
		return Act{}, err
	}
	if err := reason(o.Comment); err != nil {
		return Act{}, err
	}
	act := store.Act{At: time.Now().UTC(), Who: a.Name, What: discarding, Tenant: sel.Tenant,
		Object: "several-" + uuid.NewString()}
	note := queue.Note{Key: act.Object, Text: func(d queue.Discarded) ([]byte, error) {
		act.Comment = o.Comment + " (" + describe(o.Selection, d) + ")"
		return json.Marshal(act)
	}}
	s.discards.Lock()
	defer s.discards.Unlock()
	previewed := queue.Preview{Selection: sel, Count: o.Count, AsOf: o.AsOf, Through: o.Through}
	done, err := s.o.Queue.DiscardSelected(ctx, previewed, note)
	if done.Count > 0 {
		s.o.Log.Info("items in quarantine were discarded", "event", "queue.discarded", "who", act.Who,
			"count", done.Count,
			"bytes", done.Bytes, "audit", act.Object)
		if noted := s.noteDiscardedLocked(ctx, act.Object); noted != nil {
			err = errors.Join(err, fmt.Errorf("%d items are discarded, and the audit will say so when it can be "+
				"written: %w", done.Count, noted))
		}
	}
	return actOf(act), err
}

// describe says for the audit what was discarded: the selection as it was asked for, and what it came to.
func describe(s Selection, d queue.Discarded) string {
	asked, err := json.Marshal(s)
	if err != nil {
		asked = []byte(err.Error())
	}
	return fmt.Sprintf("%d items, %s, SHA-256 of their ids %s, selected by %s", d.Count,
		humanize.IBytes(uint64(d.Bytes)), d.Digest, asked)
}

// noteDiscarded writes into the audit what was discarded. After a crash in the middle it is done again, and an entry
// that stands there is not written twice. Of an item that was discarded just now there is none: the audit, which is
// long, is not searched for it.
func (s *Service) noteDiscarded(ctx context.Context, justNow string) error {
	s.discards.Lock()
	defer s.discards.Unlock()
	return s.noteDiscardedLocked(ctx, justNow)
}

// noteDiscardedLocked is noteDiscarded for a caller that holds discards.
func (s *Service) noteDiscardedLocked(ctx context.Context, justNow string) error {
	notes, err := s.o.Queue.Discarded(ctx)
	if err != nil {
		return err
	}
	for id, note := range notes {
		var act store.Act
		if err := json.Unmarshal(note, &act); err != nil {
			return fmt.Errorf("decode audit entry of discarded item %s: %w", id, err)
		}
		var have []store.Act
		if id != justNow {
			have, err = s.o.Store.Audit(ctx, store.AuditFilter{What: discarding, Object: id, Limit: 1})
		}
		if err == nil && len(have) == 0 || errors.Is(err, store.ErrBound) {
			err = s.o.Store.Note(ctx, act)
		}
		if err == nil {
			err = s.o.Queue.Noted(ctx, id)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// contentHead is how much of a report is looked at for its sender and subject: the envelope part stands in front.
const contentHead = 1 << 20

// content says what an item holds: what can be read of it.
func (s *Service) content(it queue.Item) string {
	if it.Body.File == "" {
		return "not readable: where its bytes are is not known; in quarantine because " + it.Reason
	}
	sum := sha256.New()
	var head bytes.Buffer
	body, err := s.o.Report(it.Body)
	if err == nil {
		defer body.Close()
		_, err = io.CopyN(io.MultiWriter(&head, sum), body, contentHead)
		if err == nil {
			_, err = io.Copy(sum, body)
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Sprintf("not readable: %v; mail from <%s>, %d bytes", err, it.Envelope.MailFrom, it.Body.Size)
	}
	subject, sender := subjectAndSender(head.Bytes())
	return fmt.Sprintf("subject %q, sender %q, mail from <%s>, %d bytes, SHA-256 %x", brief(subject), brief(sender),
		it.Envelope.MailFrom, it.Body.Size, sum.Sum(nil))
}

// subjectAndSender is what a report says of the journaled message, or else a message of itself.
func subjectAndSender(head []byte) (subject, sender string) {
	if rep, err := journal.Parse(bytes.NewReader(head), int64(len(head))); err == nil {
		subject, sender = rep.Subject, rep.Sender
	}
	if m, err := mail.ReadMessage(bytes.NewReader(head)); err == nil {
		subject, sender = cmp.Or(subject, m.Header.Get("Subject")), cmp.Or(sender, m.Header.Get("From"))
	}
	return subject, sender
}

// brief bounds foreign text.
func brief(text string) string {
	r := []rune(text)
	return string(r[:min(len(r), 200)])
}

// sameAddress reports whether two addresses are one, as mail is delivered.
func sameAddress(a, b string) bool { return mailaddr.Address(a) == mailaddr.Address(b) }
