package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

const goldenDir = "../testdata/journal"

// golden is what a NN-name.golden.json holds: the report as it is shown, and what is not shown of it.
type golden struct {
	Unwrapped
	Label       string
	Mailbox     string
	SentUTC     string
	ReceivedUTC string
	Outer       Outer
	Inner       Inner
	Locations   []Location
	Carried     *Location
}

// groups answers the names of the golden groups, without suffix.
func groups(t testing.TB) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(goldenDir, "*.eml"))
	if err != nil || len(names) < 60 {
		t.Fatalf("%d golden groups in %s, error %v", len(names), goldenDir, err)
	}
	for i, name := range names {
		names[i] = strings.TrimSuffix(name, ".eml")
	}
	return names
}

func parseBytes(t testing.TB, eml []byte) *Report {
	t.Helper()
	r, err := Parse(bytes.NewReader(eml), int64(len(eml)))
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return r
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func goldenOf(t *testing.T, r *Report, name string) golden {
	t.Helper()
	shown, err := r.Describe(filepath.Base(name)+".eml", bytes.NewReader(readFile(t, name+".eml")))
	if err != nil {
		t.Fatal(err)
	}
	g := golden{
		Unwrapped: shown, Label: r.Label, Mailbox: r.Mailbox,
		SentUTC: r.SentUTC, ReceivedUTC: r.ReceivedUTC, Outer: r.Outer, Inner: r.Inner, Carried: r.Carried,
	}
	for _, o := range r.Originals {
		g.Locations = append(g.Locations, Location{o.Section, o.Encoding})
	}
	return g
}

func TestParse_golden(t *testing.T) {
	for _, name := range groups(t) {
		t.Run(filepath.Base(name), func(t *testing.T) {
			r := parseBytes(t, readFile(t, name+".eml"))
			got, err := json.MarshalIndent(goldenOf(t, r, name), "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, '\n')
			if *update {
				if err := os.WriteFile(name+".golden.json", got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(readFile(t, name+".golden.json")), string(got)); diff != "" {
				t.Errorf("golden (-want +got):\n%s", diff)
			}
		})
	}
}

// TestParse_readme compares with what was written down beside each case when it was made, by hand and from the octets
// that were put in; -update does not touch it.
func TestParse_readme(t *testing.T) {
	for _, name := range groups(t) {
		t.Run(filepath.Base(name), func(t *testing.T) {
			eml := readFile(t, name+".eml")
			r := parseBytes(t, eml)
			want := expectations(string(readFile(t, name+".readme")))
			got := facts(r, eml)
			for key := range got {
				if _, ok := want[key]; !ok && optionalFact(key) {
					delete(got, key)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("readme (-want +got):\n%s\nproblems: %q", diff, r.Problems)
			}
		})
	}
}

// expectations reads the "key: value" lines below a readme's text.
func expectations(readme string) map[string][]string {
	want := map[string][]string{}
	_, list, _ := strings.Cut(readme, "\n\n")
	for line := range strings.Lines(list) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		want[key] = append(want[key], strings.TrimPrefix(value, " "))
	}
	return want
}

func optionalFact(key string) bool {
	switch key {
	case "subject", "on_behalf_of", "label", "mailbox", "sent_utc", "received_utc", "carried":
		return true
	}
	return false
}

// facts says of a report what a readme says.
func facts(r *Report, eml []byte) map[string][]string {
	got := map[string][]string{
		"kind": {string(r.Kind)}, "first_hand": {fmt.Sprint(r.FirstHand)}, "sender": {r.Sender},
		"message_id": {r.MessageID}, "network_message_id": {r.NetworkMessageID}, "subject": {r.Subject},
		"on_behalf_of": {r.OnBehalfOf}, "label": {r.Label}, "mailbox": {r.Mailbox}, "sent_utc": {r.SentUTC},
		"received_utc": {r.ReceivedUTC}, "problems": {fmt.Sprint(len(r.Problems))},
	}
	for _, rcpt := range r.Recipients {
		text := string(rcpt.Type) + " " + rcpt.Address
		if rcpt.ExpandedFrom != "" {
			text += " expanded " + rcpt.ExpandedFrom
		}
		if rcpt.ForwardedFrom != "" {
			text += " forwarded " + rcpt.ForwardedFrom
		}
		got["recipient"] = append(got["recipient"], text)
	}
	for _, o := range r.Originals {
		text := opened(o.Open(bytes.NewReader(eml)))
		if o.Decrypted {
			text += " decrypted"
		}
		got["original"] = append(got["original"], text)
	}
	if carried, ok := r.Embedded(bytes.NewReader(eml)); ok {
		_, sum, _ := strings.Cut(opened(carried), " ")
		got["carried"] = []string{sum}
	}
	return got
}

// opened reads to the end and answers size and hash.
func opened(r io.Reader) string {
	b, err := io.ReadAll(r)
	if err != nil {
		return err.Error()
	}
	sum := sha256.Sum256(b)
	return fmt.Sprintf("%d %s", len(b), hex.EncodeToString(sum[:]))
}

func TestOriginal_hashIsOfWhatOpens(t *testing.T) {
	for _, name := range groups(t) {
		eml := readFile(t, name+".eml")
		for i, o := range parseBytes(t, eml).Originals {
			want := fmt.Sprintf("%d %x", o.Size, o.SHA256)
			if got := opened(o.Open(bytes.NewReader(eml))); got != want {
				t.Errorf("%s: original %d opens as %s, measured as %s", name, i, got, want)
			}
		}
	}
}
