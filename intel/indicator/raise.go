package indicator

import (
	"fmt"
	"slices"
	"strings"

	"clawback/config"
	"clawback/internal/mailaddr"
	"clawback/query"
	"clawback/score/web"
	"clawback/store"
	"clawback/verdict"
)

// signal is that of an indicator.
const signal = "intel.indicator"

// A message that is taken for a list of addresses, as reports on security are, has so many hosts at least, or so many
// of whom indicators tell. Good newsletters have fewer, and so has a campaign.
const (
	digestHosts  = 25
	digestListed = 3
)

// carried are the terms of what a form of a record carries. An address of the web is compared exactly, but http and
// https are one; a host also stands for those below it; an address of a mailbox is that of the author or of the
// envelope. They are made once for a message, however many indicators are held against it: who writes a message decides
// how much it carries, and what feeds list and it carries becomes indicators.
type carried struct {
	values, addresses []uint64
	unquoted          []uint64 // of values, what its author does not only quote
}

func carriedBy(rec store.Record, v store.Variant) carried {
	c := carried{values: query.Message{Indicators: v.Verdict.Indicators}.Terms(),
		addresses: query.Message{Sender: rec.Sender, From: rec.From}.Terms()}
	c.unquoted = c.values
	if len(v.Verdict.Quoted) > 0 {
		c.unquoted = query.Message{Indicators: unquoted(v.Verdict)}.Terms()
	}
	return c
}

// unquoted are the indicators of a message that its author does not only quote.
func unquoted(v verdict.Verdict) []verdict.Indicator {
	quoted := map[int]bool{}
	for _, n := range v.Quoted {
		quoted[n] = true
	}
	var rest []verdict.Indicator
	for n, i := range v.Indicators {
		if !quoted[n] {
			rest = append(rest, i)
		}
	}
	return rest
}

// quotes reports whether a message carries an indicator only in what its author quotes.
func (d *Desk) quotes(c carried, i store.Indicator) bool {
	term, known := d.term(i)
	if !known || i.Kind == "email" {
		return false
	}
	_, own := slices.BinarySearch(c.unquoted, term)
	return !own
}

// carries reports whether an indicator is among what a message carries.
func (d *Desk) carries(c carried, i store.Indicator) bool {
	term, known := d.term(i)
	if !known {
		return false
	}
	terms := c.values
	if i.Kind == "email" {
		terms = c.addresses
	}
	_, found := slices.BinarySearch(terms, term)
	return found
}

// term is what messages that carry an indicator are found by. It is made once, but for one that is none yet, and is
// only explained.
func (d *Desk) term(i store.Indicator) (term uint64, known bool) {
	if kept, made := d.terms.Load(i.ID); made {
		return kept.(uint64), true
	}
	if term, known = query.TermOf(verdict.Indicator{Kind: i.Kind, Value: i.Value}); known && i.State != "" {
		d.terms.Store(i.ID, term)
	}
	return term, known
}

// hit is an indicator that a message carries.
type hit struct {
	store.Indicator
	quoted bool // in what its author quotes alone
}

// hitsOf are those of the indicators that a message of a tenant's carries.
func (d *Desk) hitsOf(rec store.Record, c carried, known []store.Indicator) (hits []hit) {
	for _, i := range known {
		if isOf(i, rec.Tenant) && d.carries(c, i) {
			hits = append(hits, hit{i, d.quotes(c, i)})
		}
	}
	return hits
}

// worstOf is the hit that decides: the worst, and of the worst one that stands in the author's own words.
func worstOf(hits []hit) hit {
	worst := hits[0]
	for _, h := range hits[1:] {
		if h.Disposition > worst.Disposition || h.Disposition == worst.Disposition && worst.quoted && !h.quoted {
			worst = h
		}
	}
	return worst
}

// raised is a verdict with what indicators make of it, and whether that is another one. Nothing is made of it where a
// policy of the tenant's lets the message through, or where it is as bad already.
func raised(t *config.Tenant, rec store.Record, v verdict.Verdict, hits []hit) (verdict.Verdict, bool) {
	if len(hits) == 0 || letThrough(v) {
		return v, false
	}
	worst := worstOf(hits)
	d, review := worst.Disposition, verdict.Review("")
	if d > verdict.Suspicious || hasActionFor(t, d) {
		review = leftToAPerson(t, rec, v, hits)
	}
	if review != "" {
		if v.Disposition == verdict.Malicious || hasAction(t.Actions[v.Disposition]) {
			return v, false // it is taken without the indicator
		}
		d = max(verdict.Suspicious, min(v.Disposition, verdict.Spoof)) // SPOOF stays that
	}
	if d < v.Disposition || d == v.Disposition && (review == "" || v.Review != "") {
		return v, false
	}
	if v.Before == nil {
		v.Before = &verdict.Before{Disposition: v.Disposition, Score: v.Score, Review: v.Review}
	}
	v.Disposition, v.Score, v.Review = d, 100, review
	v.Reasons = append([]verdict.Reason{reasonOf(worst.Indicator)}, v.Reasons...)
	return v, true
}

// hasActionFor reports whether a tenant has a disposition's messages taken from some mailbox.
func hasActionFor(t *config.Tenant, d verdict.Disposition) bool {
	return hasAction(t.Actions[d]) ||
		slices.ContainsFunc(t.Groups, func(g config.Group) bool { return hasAction(g.Actions[d]) })
}

func hasAction(r config.Rule) bool { return r.Action != "" && r.Action != config.None }

func reasonOf(i store.Indicator) verdict.Reason {
	text := fmt.Sprintf("%s %s is known to be bad", i.Kind, web.Defang(i.Value))
	if i.Note != "" {
		text += ": " + i.Note
	}
	return verdict.Reason{ID: signal, Family: "intel", Text: text + ".", Where: i.ID}
}

// Raised is a verdict of one form of a record, with what the indicators in force make of it.
func (d *Desk) Raised(rec store.Record, form store.Variant, v verdict.Verdict) verdict.Verdict {
	t := d.tenant(rec.Tenant)
	if t == nil {
		return v
	}
	form.Verdict = v
	v, _ = raised(t, rec, v, d.hitsOf(rec, carriedBy(rec, form), d.inForce()))
	return v
}

// RestsOnAny reports whether a verdict rests on an indicator that was not withdrawn: one whose lifetime is over stands.
func RestsOnAny(v verdict.Verdict) bool {
	return slices.ContainsFunc(v.Reasons, func(r verdict.Reason) bool { return r.ID == signal })
}

// restsOn reports whether a verdict rests on an indicator.
func restsOn(v verdict.Verdict, id string) bool {
	return slices.ContainsFunc(v.Reasons, func(r verdict.Reason) bool { return r.ID == signal && r.Where == id })
}

// letThrough reports whether a policy of the tenant's made the message CLEAN: that is a person's word.
func letThrough(v verdict.Verdict) bool {
	if v.Disposition != verdict.Clean {
		return false
	}
	return slices.ContainsFunc(v.Reasons, func(r verdict.Reason) bool {
		return r.ID == "policy.trust_sender" || r.ID == "policy.simulation" || r.ID == "policy.exempt_recipient"
	})
}

// leftToAPerson says why a message is not judged MALICIOUS by indicators alone; "" where it may be.
func leftToAPerson(t *config.Tenant, rec store.Record, v verdict.Verdict, hits []hit) verdict.Review {
	if rec.Direction != "inbound" && rec.Direction != "" {
		return verdict.ReviewOwn
	}
	from := mailaddr.Domain(rec.From)
	for _, domain := range t.Domains {
		if name := mailaddr.Name(domain); from == name || strings.HasSuffix(from, "."+name) {
			return verdict.ReviewOwn // an impostor's is held too: whose it is, is the scorer's to say
		}
	}
	if worstOf(hits).quoted {
		return verdict.ReviewQuotation
	}
	if digest(v, hits) {
		return verdict.ReviewDigest
	}
	return ""
}

// digest reports whether a message may be a list of addresses: of an author whom the organisation knows, or a mailing.
// Of others many addresses are no sign of it: anybody can add some to a message.
func digest(v verdict.Verdict, hits []hit) bool {
	known := knownAuthor(v)
	if d := scored(v); !known && d != verdict.Bulk {
		return false
	}
	if known && listedOrganisations(hits) >= digestListed {
		return true
	}
	hosts := map[string]bool{}
	for _, i := range v.Indicators {
		if i.Kind == "domain" {
			hosts[web.Organisation(i.Value)] = true
		}
	}
	return len(hosts) >= digestHosts
}

// scored is the disposition that the scorer gave.
func scored(v verdict.Verdict) verdict.Disposition {
	if v.Before != nil {
		return v.Before.Disposition
	}
	return v.Disposition
}

// knownAuthor reports whether the scorer found that the organisation knows the author, who wrote as ever.
func knownAuthor(v verdict.Verdict) bool {
	return slices.ContainsFunc(v.Reasons, func(r verdict.Reason) bool {
		return r.ID == "history.correspondent" || r.ID == "history.known_sender" || r.ID == "history.known_domain"
	})
}

// listedOrganisations is to how many organisations' hosts the indicators lead.
func listedOrganisations(hits []hit) int {
	found := map[string]bool{}
	for _, h := range hits {
		switch h.Kind {
		case "domain":
			found[web.Organisation(h.Value)] = true
		case "url":
			if u, ok := web.Parse(h.Value); ok {
				found[web.Organisation(u.Host)] = true
			}
		}
	}
	return len(found)
}
