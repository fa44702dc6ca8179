package score

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"clawback/internal/test/mailgen"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden are the templates whose whole verdict is kept in testdata/score: one of each kind of finding.
var golden = []string{
	"bec-availability", "partner-rechnung", "own-lookalike-password", "paypal-restricted", "qr-only", "html-smuggling", "encrypted-zip-password",
	"callback", "extortion", "lottery", "mailing-list", "customer-locked-out", "sharepoint-share", "newsletter-de", "delivery-report",
}

// explained is a verdict as a person reads it.
func explained(r Result) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%v %.0f (threat %.1f, spoof %.1f, spam %.1f, bulk %.1f)\n", r.Disposition, r.Score, r.Threat,
		r.Spoof, r.Spam, r.Bulk)
	for _, reason := range r.Reasons {
		fmt.Fprintf(&out, "%+5.1f %s: %s [%s]\n", reason.Weight, reason.ID, reason.Text, reason.Where)
	}
	return out.String()
}

func TestScore_golden(t *testing.T) {
	s := scorer(t, Options{})
	byName := map[string]mailgen.Message{}
	for _, m := range mailgen.Generate(1) {
		byName[m.Template.Name] = m
	}
	for i, name := range golden {
		m, ok := byName[name]
		if !ok {
			t.Fatalf("no template %s", name)
		}
		base := filepath.Join("..", "testdata", "score", fmt.Sprintf("%02d-%s", i+1, name))
		if *update {
			write(t, base+".eml", m.Raw)
		}
		raw, err := os.ReadFile(base + ".eml")
		if err != nil {
			t.Fatal(err)
		}
		r, err := s.Score(t.Context(), Message{Original: bytes.NewReader(raw), Size: int64(len(raw)), Sender: m.Sender, Recipients: []string{m.Recipient}, Tenant: mailgen.Tenant()})
		if err != nil {
			t.Fatal(err)
		}
		if *update {
			write(t, base+".golden", []byte(explained(r)))
		}
		want, err := os.ReadFile(base + ".golden")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), explained(r)); diff != "" {
			t.Errorf("%s (-want +got; go test ./score -run golden -update writes it anew):\n%s", name, diff)
		}
	}
}

func write(t *testing.T, path string, body []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, body, 0o644); err != nil {
		t.Fatal(err)
	}
}
