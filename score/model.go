package score

import (
	"maps"
	"math"
	"slices"
	"sort"
	"strings"

	"clawback/verdict"
)

// Points are what a signal counts for on each of the four sub-scores.
type Points struct {
	Threat, Spoof, Spam, Bulk float64
}

// Signal is one thing that a detector can see.
type Signal struct {
	ID     string
	Family string
	Points Points
	Hard   bool // alone enough for MALICIOUS
}

// found is a signal that was seen.
type found struct {
	Signal
	factor float64
	text   string
	where  string
	file   bool // what it says stands in an attached file
	author bool // it is of a link, and says something of the author's own domain
}

// witness is the family that a signal is a witness of. Whatever is found in files is found by looking at files: a link
// in an attached page and the form on it are two findings and one witness. So are an author's domain and a link to it.
func (f found) witness() string {
	switch {
	case f.file:
		return "attachment"
	case f.author:
		return "impersonation"
	}
	return f.Family
}

func (f found) points() Points {
	return Points{f.Points.Threat * f.factor, f.Points.Spoof * f.factor, f.Points.Spam * f.factor,
		f.Points.Bulk * f.factor}
}

// weight is the signal's greatest part, with its sign: the one number that a person is shown.
func (f found) weight() float64 {
	p := f.points()
	most := 0.0
	for _, v := range []float64{p.Threat, p.Spoof, p.Spam, p.Bulk} {
		if math.Abs(v) > math.Abs(most) {
			most = v
		}
	}
	return math.Round(most*100) / 100
}

func byID(signals []Signal) map[string]Signal {
	all := make(map[string]Signal, len(signals))
	for _, s := range signals {
		all[s.ID] = s
	}
	return all
}

// caps bound what one family can add: however many words are found, words alone do not convict.
func caps(family string) Points {
	switch family {
	case "auth":
		return Points{2.5, 5, 3, 0}
	case "link":
		return Points{8, 3, 5, 1}
	case "attachment":
		return Points{9, 1, 4, 0}
	case "impersonation":
		return Points{7, 7, 4, 0}
	case "words":
		return Points{5, 1, 6, 1}
	case "structure":
		return Points{3, 2, 5, 6}
	case "history":
		return Points{3, 3, 2, 1}
	case "microsoft":
		return Points{3, 3, 4, 3}
	case "learn":
		return Points{3, 1, 4, 2}
	case "rule":
		return Points{6, 4, 6, 3}
	case "submission": // under familyAt: a claim is no witness
		return Points{2, 1, 2, 0}
	}
	return Points{8, 8, 8, 8} // engine, policy
}

// once is the threat of signals that say one thing together, and so do not say what a message is for.
type once struct {
	code  float64 // that a QR code leads elsewhere
	brand float64 // that the author's name and domain bear a brand
}

// totals are the four sub-scores, and how much threat each family brought.
type totals struct {
	Points
	families map[string]Points
	threat   map[string]float64 // of each witness
	hard     []string
	insider  bool // an outsider bears a registered person's name on a look-alike of a domain of the organisation
	carries  bool // there is a link that can be followed, a file, or a telephone number to dispute a charge
	pressing bool // a topic of fraud was found in its words
	once     once // threat of what is said twice
	claims   bool // it claims to be of somebody, by more than a name that did not authenticate
	agree    bool // findings of different kinds agree (agree.go)
	fraud    bool // a registered person's name asks from a free or foreign mailbox for money, gift cards or discretion
}

func sum(all []found) totals {
	t := totals{families: map[string]Points{}, threat: map[string]float64{}}
	seen := map[string]bool{}
	for _, f := range all {
		seen[f.ID] = f.factor > 0
		t.claims = t.claims || claims(f)
		p, have := f.points(), t.families[f.Family]
		t.families[f.Family] = Points{have.Threat + p.Threat, have.Spoof + p.Spoof, have.Spam + p.Spam,
			have.Bulk + p.Bulk}
		t.threat[f.witness()] += p.Threat
		if f.Hard && f.factor > 0 {
			t.hard = append(t.hard, f.ID)
		}
	}
	t.insider = seen["impersonation.vip"] && seen["impersonation.lookalike_domain"]
	for _, family := range slices.Sorted(maps.Keys(t.families)) { // in order: sums of fractions depend on it
		p, most := t.families[family], caps(family)
		p = Points{min(p.Threat, most.Threat), min(p.Spoof, most.Spoof), min(p.Spam, most.Spam), min(p.Bulk, most.Bulk)}
		t.families[family] = p
		t.Threat += p.Threat
		t.Spoof += p.Spoof
		t.Spam += p.Spam
		t.Bulk += p.Bulk
	}
	t.Points = Points{round(t.Threat), round(t.Spoof), round(t.Spam), round(t.Bulk)}
	return t
}

// claims reports whether a signal says that the author claims to be somebody. That a stranger's mail did not
// authenticate says nothing of that: badly kept servers send such mail every day.
func claims(f found) bool {
	switch {
	case f.ID == "auth.own_domain_forged" || f.ID == "auth.own_domain_unproven":
		return true
	case f.Family == "auth" || f.factor <= 0 || f.ID == "history.first_domain" || f.ID == "history.first_sender":
		return false
	}
	return f.Points.Spoof > 0
}

// round takes away what a person need not see; a sub-score is not negative.
func round(v float64) float64 { return math.Round(max(v, 0)*1000) / 1000 }

func reasons(all []found) []verdict.Reason {
	out := make([]verdict.Reason, 0, len(all))
	for _, f := range all {
		out = append(out, verdict.Reason{ID: f.ID, Family: f.Family, Weight: f.weight(), Text: f.text, Where: f.where})
	}
	sort.SliceStable(out, func(i, j int) bool {
		a, b := math.Abs(out[i].Weight), math.Abs(out[j].Weight)
		if a != b {
			return a > b
		}
		return strings.Compare(out[i].ID, out[j].ID) < 0
	})
	return out
}
