package score

import (
	"bytes"
	"context"
	"testing"

	"clawback/internal/test/mailgen"
	"clawback/verdict"
)

func FuzzScore(f *testing.F) {
	for _, m := range mailgen.Generate(1) {
		f.Add(m.Raw)
	}
	f.Add([]byte(base))
	s := scorer(f, Options{TrustMicrosoft: true})
	f.Fuzz(func(t *testing.T, in []byte) {
		m := Message{Original: bytes.NewReader(in), Size: int64(len(in)), Tenant: mailgen.Tenant()}
		a, err := s.Score(context.Background(), m)
		if err != nil {
			t.Fatal(err)
		}
		if a.Disposition == verdict.Unscored || a.Score < 0 || a.Score > 100 || len(a.Indicators) > maxIndicators {
			t.Errorf("%v, score %v, %d indicators", a.Disposition, a.Score, len(a.Indicators))
		}
		b, err := s.Score(context.Background(), m)
		if err != nil || a.Disposition != b.Disposition || a.Threat != b.Threat || a.Spam != b.Spam {
			t.Errorf("two verdicts on one message differ: %v, %v", a.Disposition, b.Disposition)
		}
	})
}
