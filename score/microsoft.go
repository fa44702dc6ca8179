package score

import (
	"strconv"
	"strings"

	"clawback/score/extract"
)

// exchangeStamp is the value of a field that Exchange wrote when it took the message; "" where none is known to be its
// own. Exchange writes these fields behind all that came with the message, below Return-Path, and renames those that
// came along (X-Forefront-Antispam-Report-Untrusted). So the last one is its own, and one that the sender wrote before
// it says nothing. Where there are more than are kept, the last may be among those that are not.
func exchangeStamp(h extract.Header, name string) string {
	all := h.All(name)
	if len(all) == 0 || h.Count(name) > len(all) {
		return ""
	}
	return all[len(all)-1]
}

// detectMicrosoft takes Exchange's own verdict as evidence, where the operator wants it. Overrides (SFV:SKA, SFE, SKN)
// are not read.
func detectMicrosoft(x *inspection) {
	if !x.options.TrustMicrosoft || x.direct != "in" {
		return
	}
	report := antispam(exchangeStamp(x.mail.Header, "X-Forefront-Antispam-Report"))
	const where = "header X-Forefront-Antispam-Report"
	switch category := report["CAT"]; category {
	case "MALW", "AMP", "SAP", "HPHSH", "HPHISH":
		x.note("microsoft.malware", where, "Exchange puts it in the category %s.", category)
	case "PHSH", "BIMP", "UIMP", "DIMP", "GIMP", "INTOS":
		x.note("microsoft.phish", where, "Exchange puts it in the category %s.", category)
	case "SPOOF":
		x.note("microsoft.spoof", where, "Exchange takes it for spoofed.")
	case "SPM", "HSPM", "OSPM":
		x.note("microsoft.spam", where, "Exchange takes it for spam (%s).", category)
	case "BULK":
		x.note("microsoft.bulk", where, "Exchange takes it for bulk mail.")
	default:
		x.scl(report["SCL"], where)
	}
	complaints := antispam(exchangeStamp(x.mail.Header, "X-Microsoft-Antispam"))["BCL"]
	if level, err := strconv.Atoi(complaints); err == nil && level >= 7 && !x.saw("microsoft.bulk") {
		x.note("microsoft.bulk", "header X-Microsoft-Antispam", "Exchange's bulk complaint level is %d.", level)
	}
}

func (x *inspection) scl(value, where string) {
	if level, err := strconv.Atoi(value); err == nil && level >= 5 {
		x.note("microsoft.spam", where, "Exchange's spam confidence level is %d.", level)
	}
}

// antispam reads "K:V;K:V"; the first of a repeated key counts, and a value may hold colons.
func antispam(value string) map[string]string {
	out := map[string]string{}
	for item := range strings.SplitSeq(value, ";") {
		key, v, found := strings.Cut(strings.TrimSpace(item), ":")
		if _, have := out[key]; found && !have {
			out[key] = strings.TrimSpace(v)
		}
	}
	return out
}
