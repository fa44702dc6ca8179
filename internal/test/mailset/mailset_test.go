package mailset

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"clawback/internal/test/mailgen"
)

func loadAll(t *testing.T) []Mail {
	t.Helper()
	var all []Mail
	for _, from := range []Collection{Sets, HeldOut} {
		mail, err := Load(from)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, mail...)
	}
	return all
}

// A set that exists is whole, and its ids are unique.
func TestLoad_setsAreWhole(t *testing.T) {
	type set struct {
		from           Collection
		language, kind string
	}
	bad, good, ids := map[set]int{}, map[set]int{}, map[set]map[string]bool{}
	for _, m := range loadAll(t) {
		s := set{m.Collection, m.Language, m.Kind}
		if ids[s] == nil {
			ids[s] = map[string]bool{}
		}
		if ids[s][m.ID] {
			t.Errorf("%v: %s stands twice", s, m.ID)
		}
		ids[s][m.ID] = true
		if m.Bad {
			bad[s]++
		} else {
			good[s]++
		}
	}
	for s := range ids {
		if least := s.from.Least(); bad[s] < least || good[s] < least {
			t.Errorf("%v has %d bad and %d good messages, %d of each are needed", s, bad[s], good[s], least)
		}
	}
}

// No two messages of a language are from one text, held out or not: of their runs of four words they share a tenth at
// most.
func TestLoad_noTwoFromOneTemplate(t *testing.T) {
	sets := map[string][]Mail{}
	for _, m := range loadAll(t) {
		sets[m.Language] = append(sets[m.Language], m)
	}
	for language, set := range sets {
		shingles := make([]map[string]bool, len(set))
		for i, m := range set {
			shingles[i] = runs(m.Subject + " " + m.Text + " " + tags.ReplaceAllString(m.HTML, " ") + " " + m.FileText)
		}
		for i := range set {
			for k := range i {
				if alike(shingles[i], shingles[k]) > 0.1 {
					t.Errorf("%s: %s %s %s and %s %s %s are alike", language, set[k].Collection, set[k].Kind, set[k].ID,
						set[i].Collection, set[i].Kind, set[i].ID)
				}
			}
		}
	}
}

var tags = regexp.MustCompile(`<[^>]*>`)

func runs(text string) map[string]bool {
	words, all := strings.Fields(strings.ToLower(text)), map[string]bool{}
	for i := 0; i+4 <= len(words); i++ {
		all[strings.Join(words[i:i+4], " ")] = true
	}
	return all
}

// alike is the share of the smaller set that the larger one has too.
func alike(a, b map[string]bool) float64 {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(a) == 0 {
		return 0
	}
	both := 0
	for run := range a {
		if b[run] {
			both++
		}
	}
	return float64(both) / float64(len(a))
}

// Each message can be rendered, twice the same, and what the scorer judges of it stands in one place of the counts.
func TestMessage_everyOneRendersTheSame(t *testing.T) {
	for _, m := range loadAll(t) {
		one, err := m.Message()
		if err != nil {
			t.Error(err)
			continue
		}
		two, err := m.Message()
		if err != nil || !bytes.Equal(one.Raw, two.Raw) {
			t.Errorf("%s-%s %s differs from one time to the next: %v", m.Language, m.Kind, m.ID, err)
		}
	}
}

// What a mail program would not send is a fault of the test's own that a scorer may count.
func TestMessage_headIsASCII(t *testing.T) {
	for _, m := range loadAll(t) {
		message, err := m.Message()
		if err != nil {
			t.Error(err)
			continue
		}
		head, _, _ := bytes.Cut(message.Raw, []byte("\r\n\r\n"))
		if bytes.ContainsFunc(head, func(r rune) bool { return r >= 0x80 }) {
			t.Errorf("%s %s-%s %s: the head has bytes that are not ASCII", m.Collection, m.Language, m.Kind, m.ID)
		}
	}
}

func TestMessage_answersToACorrespondentAreMarked(t *testing.T) {
	answer := Mail{ID: "g01", Auth: "pass", From: "a@fabrikam.example", Subject: "AW: Dates", Text: "Yes.",
		Before: "correspondent"}
	fresh, stranger, forged := answer, answer, answer
	fresh.Subject, stranger.Before, forged.Auth = "Dates: Tuesday", "", "fail"
	for _, c := range []struct {
		mail Mail
		want bool
	}{{answer, true}, {fresh, false}, {stranger, false}, {forged, false}} {
		message, err := c.mail.Message()
		if err != nil {
			t.Fatal(err)
		}
		if got := bytes.Contains(message.Raw, []byte("\r\nIn-Reply-To: <")); got != c.want {
			t.Errorf("%+v: In-Reply-To %v, want %v", c.mail, got, c.want)
		}
	}
}

// Every part of a made DOCX is XML that can be read.
func TestDOCX_isXML(t *testing.T) {
	made := docx("one & two\nthree", mailgen.QR("x"))
	archive, err := zip.NewReader(bytes.NewReader(made), int64(len(made)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.File {
		if !strings.HasSuffix(f.Name, "xml") && !strings.HasSuffix(f.Name, "rels") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		d := xml.NewDecoder(r)
		for err == nil {
			_, err = d.Token()
		}
		if !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
}

func TestCheck_tellsWhatIsWrong(t *testing.T) {
	whole := Mail{ID: "b01", From: "a@example.com", Subject: "s", Text: "t", Auth: "pass", Kind: "bec"}
	if err := whole.check(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Mail){
		"no id": func(m *Mail) { m.ID = "" }, "no text": func(m *Mail) { m.Text = "" }, "auth": func(m *Mail) { m.Auth = "maybe" },
		"before": func(m *Mail) { m.Before = "often" }, "a code without a place": func(m *Mail) { m.QR = "x" },
		"a place without a code": func(m *Mail) { m.Where = "cid" }, "content without a file": func(m *Mail) { m.FileText = "x" },
		"qr without a code": func(m *Mail) { m.Kind = "qr" }, "qr in a file": func(m *Mail) { m.Kind, m.QR, m.Where = "qr", "x", "pdf" },
		"qr-file in the page":      func(m *Mail) { m.Kind, m.QR, m.Where = "qr-file", "x", "cid" },
		"a picture without a code": func(m *Mail) { m.File = "scan.png" },
		"pdf called docx":          func(m *Mail) { m.Kind, m.QR, m.Where, m.File = "qr-file", "x", "pdf", "a.docx" },
	} {
		m := whole
		if change(&m); m.check() == nil {
			t.Errorf("%s: passes", name)
		}
	}
}
