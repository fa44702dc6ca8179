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

// The signal of an indicator, and why a message that carries one is left to a person.
const (
	signal       = "intel.indicator"
	reviewOwn    = verdict.Review("own_people") // it is mail of one's own people
	reviewDigest = verdict.Review("digest")     // it has so many addresses that it may be a list of bad ones
)

// digestHosts is how many hosts a message links to at least that is taken for a list of addresses, as reports on
// security
// have them. Good newsletters have fewer.
const digestHosts = 25

// carried are the terms of what a form of a record carries. An address of the web is compared exactly, but http and
// https are one; a host also stands for those below it; an address of a mailbox is that of the author or of the
// envelope. They are made once for a message, however many indicators are held against it: who writes a message decides
// how much it carries, and what feeds list and it carries becomes indicators.
type carried struct{ values, addresses []uint64 }

func carriedBy(rec store.Record, v store.Variant) carried {
	return carried{values: query.Message{Indicators: v.Verdict.Indicators}.Terms(),
		addresses: query.Message{Sender: rec.Sender, From: rec.From}.Terms()}
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

// raised is a verdict with what indicators make of it, and whether that is another one. Nothing is made of it where a
// policy of the tenant's lets the message through, or where it is as bad already.
func raised(t *config.Tenant, rec store.Record, v verdict.Verdict, hits []store.Indicator) (verdict.Verdict, bool) {
	if len(hits) == 0 || letThrough(v) {
		return v, false
	}
	worst := hits[0]
	for _, h := range hits[1:] {
		if h.Disposition > worst.Disposition {
			worst = h
		}
	}
	d, review := worst.Disposition, verdict.Review("")
	if d > verdict.Suspicious {
		if review = leftToAPerson(t, rec, v); review != "" && v.Disposition == verdict.Malicious {
			return v, false
		}
		if review != "" {
			d = max(verdict.Suspicious, min(v.Disposition, verdict.Spoof)) // SPOOF stays that
		}
	}
	if d < v.Disposition || d == v.Disposition && (review == "" || v.Review != "") {
		return v, false
	}
	if v.Before == nil {
		v.Before = &verdict.Before{Disposition: v.Disposition, Score: v.Score, Review: v.Review}
	}
	v.Disposition, v.Score, v.Review = d, 100, review
	v.Reasons = append([]verdict.Reason{reasonOf(worst)}, v.Reasons...)
	return v, true
}

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
	c := carriedBy(rec, form)
	var hits []store.Indicator
	for _, i := range d.inForce() {
		if isOf(i, rec.Tenant) && d.carries(c, i) {
			hits = append(hits, i)
		}
	}
	v, _ = raised(t, rec, v, hits)
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

// leftToAPerson says why a message is not judged MALICIOUS by an indicator alone; "" where it may be.
func leftToAPerson(t *config.Tenant, rec store.Record, v verdict.Verdict) verdict.Review {
	if rec.Direction != "inbound" && rec.Direction != "" {
		return reviewOwn
	}
	from := mailaddr.Domain(rec.From)
	for _, domain := range t.Domains {
		if name := mailaddr.Name(domain); from == name || strings.HasSuffix(from, "."+name) {
			return reviewOwn // an impostor's is held too: whose it is, is the scorer's to say
		}
	}
	hosts := map[string]bool{}
	for _, i := range v.Indicators {
		if i.Kind == "domain" {
			hosts[web.Organisation(i.Value)] = true
		}
	}
	if len(hosts) >= digestHosts {
		return reviewDigest
	}
	return ""
}
