package store

import (
	"slices"

	"clawback/internal/mailaddr"
	"clawback/journal"
	"clawback/verdict"
)

// unite is the record after one more first-hand report of it. A record that was not first-hand is taken over: what it
// said of recipients, sender and subject is dropped, for anybody may have written it.
func unite(old, reported Record) Record {
	if !old.FirstHand {
		return replaceSecondHand(old, reported)
	}
	rec := old
	fill(&rec.MessageID, reported.MessageID)
	ids := append([]string{reported.MessageID}, reported.AlternateIDs...)
	rec.AlternateIDs = uniteIDs(rec.MessageID, old.AlternateIDs, ids)
	fill(&rec.NetworkMessageID, reported.NetworkMessageID)
	fill(&rec.Content, reported.Content)
	fill(&rec.Sender, reported.Sender)
	fill(&rec.From, reported.From)
	fill(&rec.FromName, reported.FromName)
	fill(&rec.Subject, reported.Subject)
	fill(&rec.Direction, reported.Direction)
	fill(&rec.Region, reported.Region)
	fill(&rec.Contents, reported.Contents)
	rec.Carries = old.Carries.unite(reported.Carries)
	rec.Doubts = uniteDoubts(old.Doubts, reported.Doubts)
	if rec.Date.IsZero() {
		rec.Date = reported.Date
	}
	rec.Recipients = uniteRecipients(old.Recipients, reported.Recipients)
	otherSender := old.contradictedBySender(reported)
	dropped := rec.addVariants(reported.Variants)
	rec.judge()
	if otherSender || slices.ContainsFunc(dropped, rec.milder) {
		rec.Doubts = uniteDoubts(rec.Doubts, []Doubt{DoubtReports})
	}
	return rec
}

// Disputed reports whether first-hand reports contradict each other: one of them tells of a form of the message that
// got a milder verdict than the record has, or of the same form under another sender. Forks may differ so, by a
// disclaimer; and so does a report that somebody has made up about a message that is not his. Then the form that lies
// in a mailbox has to be shown to be the bad one.
func (r Record) Disputed() bool {
	return slices.Contains(r.Doubts, DoubtReports) || slices.ContainsFunc(r.Variants, r.milder)
}

// milder reports whether a form of the record counts, and got a milder verdict than the record has.
func (r Record) milder(v Variant) bool {
	return r.FirstHand && v.FirstHand && v.Verdict.Disposition != verdict.Unscored &&
		severity(v.Verdict.Disposition) < severity(r.Verdict.Disposition)
}

// contradictedBySender reports whether a report tells of the same octets under another envelope sender, and they got
// another verdict for it. They are one form, of which the milder verdict is not kept.
func (r Record) contradictedBySender(reported Record) bool {
	if mailaddr.Equal(r.Sender, reported.Sender) {
		return false
	}
	return slices.ContainsFunc(reported.Variants, func(v Variant) bool {
		i := indexOf(r.Variants, v.SHA256)
		return i >= 0 && v.FirstHand && r.Variants[i].FirstHand && v.Verdict.Disposition != verdict.Unscored &&
			r.Variants[i].Verdict.Disposition != verdict.Unscored &&
			severity(v.Verdict.Disposition) != severity(r.Variants[i].Verdict.Disposition)
	})
}

// replaceSecondHand makes a record first-hand. Its variants that are not are kept to be looked at, and no longer
// judged.
func replaceSecondHand(old, reported Record) Record {
	rec := reported
	rec.Received = old.Received // orders the record and its intents; must not change
	rec.Pinned, rec.PinnedBy, rec.RetractedBy = old.Pinned, old.PinnedBy, old.RetractedBy
	rec.Rev, rec.MoreVariants = old.Rev, old.MoreVariants
	rec.Doubts = uniteDoubts(old.Doubts, reported.Doubts) // its variants stay too
	rec.Variants = nil
	rec.addVariants(old.Variants)
	rec.addVariants(reported.Variants)
	rec.judge()
	return rec
}

// maxAlternates is how many further Message-IDs a record keeps.
const maxAlternates = 8

// uniteIDs is each Message-ID of either once, but for the record's own.
func uniteIDs(own string, have, more []string) []string {
	var united []string
	for _, id := range slices.Concat(have, more) {
		if id != "" && id != own && len(united) < maxAlternates && !slices.Contains(united, id) {
			united = append(united, id)
		}
	}
	return united
}

// uniteDoubts is each doubt of either once. A doubt never goes away: its variant stays among the record's.
func uniteDoubts(have, more []Doubt) []Doubt {
	united := slices.Clone(have)
	for _, d := range more {
		if !slices.Contains(united, d) {
			united = append(united, d)
		}
	}
	return united
}

func fill(field *string, value string) {
	if *field == "" {
		*field = value
	}
}

// uniteRecipients adds to the recipients those that are new, whatever the case of their address, and to those that are
// known what was not known of them yet. Neither argument is changed.
func uniteRecipients(have, more []journal.Recipient) []journal.Recipient {
	united := make([]journal.Recipient, 0, len(have)+len(more))
	at := make(map[string]int, len(have)+len(more))
	for _, list := range [][]journal.Recipient{have, more} {
		for _, r := range list {
			key := mailaddr.Lower(r.Address)
			i, known := at[key]
			if !known {
				at[key] = len(united)
				united = append(united, r)
				continue
			}
			enrich(&united[i], r)
		}
	}
	return united
}

func enrich(have *journal.Recipient, more journal.Recipient) {
	if have.Type == journal.Unlabeled || have.Type == "" {
		have.Type = more.Type
	}
	fill(&have.ExpandedFrom, more.ExpandedFrom)
	fill(&have.ForwardedFrom, more.ForwardedFrom)
}

// addVariants adds forms of the original. The same octets again are one variant with the worse of the two verdicts;
// beyond the bound the mildest gives way, so that the worst verdict always has its variant. It answers those that did.
func (r *Record) addVariants(more []Variant) (dropped []Variant) {
	variants := append([]Variant(nil), r.Variants...)
	for _, v := range more {
		if i := indexOf(variants, v.SHA256); i >= 0 {
			variants[i] = worseVariant(variants[i], v)
			continue
		}
		variants = append(variants, v)
		if len(variants) > maxVariants {
			i := mildest(variants)
			dropped = append(dropped, variants[i])
			variants = slices.Delete(variants, i, i+1)
			r.MoreVariants++
		}
	}
	r.Variants = variants
	return dropped
}

func indexOf(variants []Variant, sha string) int {
	for i, v := range variants {
		if v.SHA256 == sha {
			return i
		}
	}
	return -1
}

// worseVariant joins two tellings of the same octets: first-hand rules, then the worse verdict, of those that there
// are. A long-lived copy stays.
func worseVariant(have, more Variant) Variant {
	kept := have.Kept
	if more.FirstHand == have.FirstHand && ruledOver(have.Verdict, more.Verdict) {
		have.Verdict = more.Verdict
	}
	if more.FirstHand && !have.FirstHand {
		have = more
	}
	if have.Kept == nil {
		have.Kept = kept
	}
	return have
}

// mildest is the variant to be left out: the mildest of those not first-hand, else the mildest, and of equals the last.
func mildest(variants []Variant) int {
	drop := 0
	for i, v := range variants {
		d := variants[drop]
		if v.FirstHand != d.FirstHand {
			if !v.FirstHand {
				drop = i
			}
			continue
		}
		if !worse(v.Verdict, d.Verdict) {
			drop = i
		}
	}
	return drop
}

// judge gives the record the worst verdict of its variants; of a first-hand record only the first-hand ones count.
func (r *Record) judge() {
	if v := r.ruling(); v != nil {
		r.Verdict = v.Verdict
	}
}

// ruling is the variant whose verdict is the record's; nil where it has none that counts.
func (r *Record) ruling() (worst *Variant) {
	for i := range r.Variants {
		v := &r.Variants[i]
		if r.FirstHand && !v.FirstHand {
			continue
		}
		if worst == nil || worse(v.Verdict, worst.Verdict) {
			worst = v
		}
	}
	return worst
}

// ruledOver reports whether, of the same octets, a second verdict replaces the first. The lack of one never does.
func ruledOver(first, second verdict.Verdict) bool {
	if second.Disposition == verdict.Unscored || first.Disposition == verdict.Unscored {
		return first.Disposition == verdict.Unscored
	}
	return worse(second, first)
}

// worse reports whether a rules over b. Unscored rules over CLEAN alone: a record is not CLEAN while a form of it has
// not been looked at.
func worse(a, b verdict.Verdict) bool {
	if x, y := severity(a.Disposition), severity(b.Disposition); x != y {
		return x > y
	}
	if (a.Review != "") != (b.Review != "") { // one that a person must decide on is nearly MALICIOUS
		return a.Review != ""
	}
	return a.Score > b.Score
}

func severity(d verdict.Disposition) int {
	switch d {
	case verdict.Clean:
		return 0
	case verdict.Unscored:
		return 1
	default:
		return int(d)
	}
}
