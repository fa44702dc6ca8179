package storetest

import (
	"fmt"
	"strings"
	"time"

	"clawback/store"
	"clawback/verdict"
	"clawback/verdict/history"
)

// Realistic is a report as scored mail gives it: some reasons, indicators, history, one recipient.
func Realistic(n int) store.Application {
	a := Report(Contoso, n)
	v := verdict.Verdict{Disposition: verdict.Clean, Score: 4, Rules: "2026-03-01", Knowledge: "17"}
	for i := range 8 {
		v.Reasons = append(v.Reasons, verdict.Reason{
			ID: fmt.Sprint("signal.", i), Family: "auth", Weight: 1, Text: strings.Repeat("evidence ", 8),
			Where: "header From",
		})
		v.Indicators = append(v.Indicators, verdict.Indicator{Kind: "domain",
			Value: fmt.Sprint("host", i, ".example.com")})
	}
	a.Record.Variants[0].Verdict = v
	a.Record.Received = Start.Add(time.Duration(n) * time.Millisecond)
	for _, kind := range []string{"from:", "domain:", "pair:"} {
		a.History = append(a.History, history.Observation{Key: fmt.Sprint(kind, n%5000), At: a.Record.Received})
	}
	return a
}
