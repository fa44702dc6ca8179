package score

import (
	"math"

	"clawback/verdict"
)

// Thresholds of the sub-scores.
const (
	maliciousAt  = 11.0 // threat, from two independent families
	familyAt     = 2.5  // threat that makes a family count as one of them
	suspiciousAt = 5.0  // threat
	spoofAt      = 4.5  // spoof, where there is threat too
	spoofThreat  = 3.0
	spamAt       = 4.0
	mostlySpam   = 1.6 // as many times more spam than threat makes SPAM of what would be SUSPICIOUS
	bulkAt       = 2.0

	// The wide rule: less threat, but a payload of any kind, and something that says what it is for.
	wideAt     = 7.0 // threat
	wideLink   = 2.5 // threat of links, where no topic of words says what the message wants
	wideSure   = 9.0 // threat that needs neither: good mail comes to half of it
	wideFamily = 1.0 // threat of each of two independent families
)

// rule is what makes MALICIOUS of a message.
type rule int

const (
	noRule     rule = iota // nothing does
	narrowRule             // a hard indicator, or much threat
	wideRule               // less threat too, where it is said what for
)

// decide puts a message in one class. Worst first; allow and block of the tenant's policies are applied around it.
func decide(t totals, by rule) (verdict.Disposition, float64) {
	switch {
	case by != noRule && len(t.hard) > 0:
		return verdict.Malicious, 100
	case by != noRule && t.Threat >= maliciousAt && independent(t) >= 2:
		return verdict.Malicious, percent(t.Threat, maliciousAt)
	case by == wideRule && (t.convicts() || t.fraud || t.agree):
		return verdict.Malicious, percent(max(t.Threat, wideAt), wideAt)
	case t.claims && t.Spoof >= spoofAt && t.Threat >= spoofThreat:
		return verdict.Spoof, percent(t.Spoof, spoofAt)
	case t.Threat >= suspiciousAt && t.Spam < mostlySpam*t.Threat:
		return verdict.Suspicious, percent(t.Threat, suspiciousAt)
	case t.Spam >= spamAt:
		return verdict.Spam, percent(t.Spam, spamAt)
	case t.Threat >= suspiciousAt:
		return verdict.Suspicious, percent(t.Threat, suspiciousAt)
	case t.Bulk >= bulkAt:
		return verdict.Bulk, percent(t.Bulk, bulkAt)
	}
	return verdict.Clean, clean(t)
}

// percent maps a sub-score to how sure the class is: 50 at its threshold, 100 at twice that.
func percent(value, threshold float64) float64 {
	return math.Round(min(100, 50*value/threshold))
}

func clean(t totals) float64 {
	nearest := max(t.Threat/suspiciousAt, t.Spam/spamAt)
	return math.Round(100 - 50*min(1, nearest))
}

// convicts reports whether the wide rule finds a message MALICIOUS: it carries something to follow, to open or to call,
// it says what for or leads to a bad place, and two families are witnesses.
func (t totals) convicts() bool {
	links := min(t.threat["link"], caps("link").Threat)
	says := t.pressing || links-t.once.code >= wideLink || t.Threat-t.once.code-t.once.brand >= wideSure
	if t.Threat < wideAt || !t.carries || !says {
		return false
	}
	n := 0
	for family, threat := range t.threat {
		if threat >= wideFamily && testifies(family) {
			n++
		}
	}
	return n >= 2
}

// testifies reports whether a family can be a witness. A failure of authentication, a shape, another's opinion, what
// was learnt, what users say and what took too long are none.
func testifies(family string) bool {
	switch family {
	case "auth", "structure", "microsoft", "learn", "overrun", "submission", "policy", "unknown":
		return false
	}
	return true
}

// independent counts the families that each brought threat of their own; what is found in attached files is of one. One
// of the families must be a payload, something that can be followed or opened: a claim and its words may be a joke
// between colleagues. Two proofs that an outsider poses as an insider, the name of a registered person and a look-alike
// of an own domain, count as one too: fraud in a superior's name asks for an answer and carries nothing else.
func independent(t totals) int {
	n, payload := 0, t.insider
	for family, threat := range t.threat {
		if min(threat, caps(family).Threat) < familyAt {
			continue
		}
		if !testifies(family) {
			continue
		}
		switch family {
		case "link", "attachment", "engine", "rule":
			payload = true
		}
		n++
	}
	if !payload {
		return 0
	}
	return n
}
