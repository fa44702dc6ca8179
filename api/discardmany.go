package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/google/uuid"

	"clawback/queue"
	"clawback/store"
)

// Selection selects items in quarantine, as GET /v1/queue/groups and the discard of several take it.
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
	queue.Group
	TenantName string `json:"tenant_name,omitempty"` // as it is configured now
}

// DiscardPreview is what a discard of several would throw away.
type DiscardPreview struct {
	Count   int          `json:"count"`
	Bytes   int64        `json:"bytes"`
	Oldest  time.Time    `json:"oldest,omitzero"`
	Newest  time.Time    `json:"newest,omitzero"`
	Groups  []Group      `json:"groups"`
	Samples []queue.Item `json:"samples"` // the first of them
	AsOf    time.Time    `json:"as_of"`   // to be given back with the order, as is what follows
	Through string       `json:"through"` // id of the last
}

// DiscardOrder is the body of a POST that discards what a preview has shown.
type DiscardOrder struct {
	Selection
	Count   int       `json:"count"`
	AsOf    time.Time `json:"as_of"`
	Through string    `json:"through"`
	Comment string    `json:"comment"`
}

func (s *Server) listGroups(r *http.Request) (any, error) {
	sel, err := s.selection(Selection{Tenant: r.URL.Query().Get("tenant")})
	if err != nil {
		return nil, err
	}
	return s.groups(r.Context(), sel)
}

// groups are those of a selection, with the names of their tenants.
func (s *Server) groups(ctx context.Context, sel queue.Selection) ([]Group, error) {
	list, err := s.o.Queue.Groups(ctx, sel)
	groups := make([]Group, len(list))
	for i, g := range list {
		groups[i].Group = g
		if s.o.Scoring.Tenant == nil || g.Tenant == "" {
			continue
		}
		if t, err := s.o.Scoring.Tenant(g.Tenant); err == nil {
			groups[i].TenantName = t.Name
		}
	}
	return groups, err
}

// selection reads a selection.
func (s *Server) selection(w Selection) (queue.Selection, error) {
	sel := queue.Selection{
		Purpose: queue.Purpose(w.Purpose), Network: w.Network, Unlisted: w.Unlisted, Cause: queue.Cause(w.Cause),
		MailFrom: w.MailFrom, Before: w.Before,
	}
	if w.Network != "" && w.Unlisted {
		return sel, errRequest{"a network set, and networks that no listener names, exclude each other"}
	}
	if w.Peers != "" {
		p, err := peers(w.Peers)
		if err != nil {
			return sel, errRequest{fmt.Sprintf("peers %q: use an IP address or a CIDR", w.Peers)}
		}
		sel.Peers = p
	}
	if w.Tenant == "" {
		return sel, nil
	}
	t, err := s.o.Scoring.Tenant(w.Tenant)
	switch id, bad := uuid.Parse(w.Tenant); {
	case err == nil:
		sel.Tenant = t.ID
	case bad == nil: // of a tenant that is not configured any more
		sel.Tenant = id.String()
	default:
		return sel, refused(err)
	}
	return sel, nil
}

func peers(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err
}

// chosen reads a selection that must name something: everything is thrown away by nobody's mistake.
func (s *Server) chosen(w Selection) (queue.Selection, error) {
	sel, err := s.selection(w)
	if err == nil && sel.Empty() {
		err = errRequest{"name what is to be discarded: by tenant, purpose, network, cause, sender, peer or age"}
	}
	return sel, err
}

func (s *Server) previewDiscard(r *http.Request) (any, error) {
	w, err := body[Selection](r)
	if err != nil {
		return nil, err
	}
	sel, err := s.chosen(w)
	if err != nil {
		return nil, err
	}
	groups, err := s.groups(r.Context(), sel)
	if err != nil {
		return nil, err
	}
	d, err := s.o.Queue.Preview(r.Context(), sel)
	return DiscardPreview{
		Count: d.Count, Bytes: d.Bytes, Oldest: d.Oldest, Newest: d.Newest, Groups: groups, Samples: list(d.Samples),
		AsOf: d.AsOf, Through: d.Through,
	}, err
}

// discardSelected throws away what a preview has shown. It is one entry in the audit, also where it ended in the middle.
func (s *Server) discardSelected(r *http.Request) (any, error) {
	o, err := body[DiscardOrder](r)
	if err != nil {
		return nil, err
	}
	sel, err := s.chosen(o.Selection)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(o.Comment) == "" {
		return nil, errRequest{"say why they are discarded: with --comment"}
	}
	act := store.Act{At: time.Now().UTC(), Who: who(r), What: discarding, Tenant: sel.Tenant, Object: "several-" + uuid.NewString()}
	note := queue.Note{Key: act.Object, Text: func(d queue.Discarded) ([]byte, error) {
		act.Comment = o.Comment + " (" + describe(o.Selection, d) + ")"
		return json.Marshal(act)
	}}
	s.discards.Lock()
	defer s.discards.Unlock()
	doomed := queue.Doomed{Selection: sel, Count: o.Count, AsOf: o.AsOf, Through: o.Through}
	done, err := s.o.Queue.DiscardSelected(r.Context(), doomed, note)
	if done.Count > 0 {
		s.o.Log.Info("items in quarantine were discarded", "event", "queue.discarded", "who", act.Who, "count", done.Count,
			"bytes", done.Bytes, "audit", act.Object)
		if noted := s.noteDiscardedLocked(r.Context(), act.Object); noted != nil {
			err = errors.Join(err, fmt.Errorf("%d items are discarded, and the audit will say so when it can be written: %w", done.Count, noted))
		}
	}
	return act, err
}

// describe says for the audit what was discarded: the selection as it was asked for, and what it came to.
func describe(s Selection, d queue.Discarded) string {
	asked, err := json.Marshal(s)
	if err != nil {
		asked = []byte(err.Error())
	}
	return fmt.Sprintf("%d items, %s, SHA-256 of their ids %s, selected by %s", d.Count, humanize.IBytes(uint64(d.Bytes)), d.Digest, asked)
}
