package score

import (
	"strconv"
	"strings"
)

// detectMicrosoft takes Exchange's own verdict as evidence, where the operator wants it. Overrides (SFV:SKA, SFE, SKN)
// are not read.
func detectMicrosoft(x *inspection) {
	if !x.options.TrustMicrosoft || x.direct != "in" {
		return
	}
	report := antispam(x.mail.Header.First("X-Forefront-Antispam-Report"))
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
	if level, err := strconv.Atoi(antispam(x.mail.Header.First("X-Microsoft-Antispam"))["BCL"]); err == nil &&
		level >= 7 && !x.saw("microsoft.bulk") {
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
