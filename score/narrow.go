package score

import (
	_ "embed" // the signals of the narrow rule
	"slices"
	"strconv"
	"strings"

	"clawback/verdict"
)

// What a tenant has taken by the narrow rule, no upgrade makes more of. So what that rule finds MALICIOUS is judged a
// second time, by a scorer that knows only what rules 2026.11.7 knew, which had the rule before there was a wide one:
// the signals of narrow.txt with their threat of then, the phrases and brands of then, and no way to look into a
// message that was added since (Scorer.frozen). Where it finds less, the message is left as it would be without the
// rule. The mail that both find MALICIOUS is rare, so that judging it twice costs nothing that can be measured.

// narrowSignals are the signals of rules 2026.11.7: id, threat, and "hard". A signal that is not here, or more threat
// than here, counts by the wide rule alone. A line may go, and none may come.
//
//go:embed narrow.txt
var narrowSignals string

// freeze makes the scorer that confirms what the narrow rule finds.
func (s *Scorer) freeze() *Scorer {
	frozen := &Scorer{
		options: s.options, lists: s.lists.Frozen(), limits: s.limits, lexicon: s.lexicon.Frozen(), roles: s.roles,
		version: s.version, knowledge: s.knowledge, frozen: true,
	}
	frozen.limits.Frozen = true
	frozen.brands = indexBrands(frozen.lists)
	frozen.catalogue = frozenSignals(s.catalogue)
	return frozen
}

// frozenSignals are those of the catalogue that narrow.txt has, with the threat that it gives them.
func frozenSignals(catalogue map[string]Signal) map[string]Signal {
	frozen := map[string]Signal{}
	for line := range strings.Lines(narrowSignals) {
		fields := strings.Fields(line)
		signal, ok := catalogue[fields[0]]
		threat, err := strconv.ParseFloat(fields[1], 64)
		if !ok || err != nil {
			continue // a test holds that there is none
		}
		signal.Points.Threat, signal.Hard = threat, slices.Contains(fields[2:], "hard")
		frozen[signal.ID] = signal
	}
	return frozen
}

// confirmed reports whether rules 2026.11.7 would have found the message MALICIOUS too. What a policy of the tenant's
// blocks needs no second look.
func (x *inspection) confirmed() bool {
	if x.frozen || x.override != nil && x.override.disposition == verdict.Malicious {
		return true
	}
	r, err := x.narrow.Score(x.ctx, x.msg)
	if err != nil {
		x.failed = err
	}
	return err == nil && r.Disposition == verdict.Malicious
}
