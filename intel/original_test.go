package intel

import (
	"bytes"
	"io"
	"io/fs"
	"strings"
	"testing"

	"clawback/journal"
	"clawback/score"
	"clawback/spool"
	"clawback/store"
	"clawback/testdata"
)

// bytesBody is a report in memory.
type bytesBody struct{ *bytes.Reader }

func (bytesBody) Close() error { return nil }

// Of each report that can be unwrapped what is read again is what was judged: the decrypted copy of a protected
// message, wherever it stands, and else the original itself.
func TestClear_isWhatWasJudged(t *testing.T) {
	files, err := fs.Glob(testdata.Demo, "demo/*.eml")
	if err != nil {
		t.Fatal(err)
	}
	short, copies := 0, 0
	check := func(name string, raw []byte) {
		report, err := journal.Parse(bytes.NewReader(raw), int64(len(raw)))
		if err != nil || len(report.Originals) == 0 {
			return
		}
		first, want := report.Originals[0], report.Clear()
		v := store.Variant{Section: first.Section, Encoding: first.Encoding}
		got, err := clear(v, bytesBody{bytes.NewReader(raw)})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		defer got.Close()
		text, err := io.ReadAll(io.NewSectionReader(got, 0, got.Size))
		if err != nil || !bytes.Equal(text, raw[want.Section.Offset:want.Section.Offset+want.Section.Size]) {
			t.Errorf("%s: something else is read: %v", name, err)
		}
		if alone(v, bytesBody{bytes.NewReader(raw)}) {
			short++
			if want.Decrypted {
				t.Errorf("%s: the protected message is taken for the only one", name)
			}
		}
		if want.Decrypted {
			copies++
		}
	}
	for _, name := range files {
		raw, err := testdata.Demo.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		check(name, raw)
		check(name+", with a longer end", append(raw, strings.Repeat("\r\n", 100)...))
		check(name+", in other words", bytes.ReplaceAll(raw, []byte("Content-Type: message/rfc822"),
			[]byte("CONTENT-TYPE :\r\n MESSAGE/RFC822")))
		check(name+", the copy first", swapped(raw))
	}
	if short < 10 || copies < 3 {
		t.Errorf("%d reports have one message alone, and %d a decrypted copy", short, copies)
	}
}

// swapped has the last two parts of a report change their places.
func swapped(raw []byte) []byte {
	_, rest, _ := bytes.Cut(raw, []byte(`boundary="`))
	boundary, _, _ := bytes.Cut(rest, []byte(`"`))
	parts := bytes.Split(raw, append([]byte("\r\n--"), boundary...))
	if n := len(parts); n > 3 {
		parts[n-2], parts[n-3] = parts[n-3], parts[n-2]
	}
	return bytes.Join(parts, append([]byte("\r\n--"), boundary...))
}

// usual is a report of usual size, and its original.
func usual(b *testing.B) (report []byte, at journal.Section) {
	raw, err := testdata.Demo.ReadFile("demo/04-colleague.eml")
	if err != nil {
		b.Fatal(err)
	}
	raw = bytes.Replace(raw, []byte("Warehouse\r\n\r\n--_"),
		[]byte(strings.Repeat("The figures of the quarter are on the list that the team has.\r\n", 50)+"\r\n--_"), 1)
	parsed, err := journal.Parse(bytes.NewReader(raw), int64(len(raw)))
	if err != nil || len(parsed.Originals) != 1 {
		b.Fatal(err)
	}
	return raw, parsed.Originals[0].Section
}

// BenchmarkAgain judges a message of usual size from its stored report, and beside it from memory as it came: what the
// first takes more is what judging again costs beside judging.
func BenchmarkAgain(b *testing.B) {
	f := newFixture(b)
	raw, at := usual(b)
	body := f.spool.Begin(0, spool.Regular)
	_, _ = body.Write(raw)
	entry := spool.Entry{Body: body}
	if _, err := f.spool.Append([]*spool.Entry{&entry}); err != nil {
		b.Fatal(err)
	}
	body.Release()
	original := string(raw[at.Offset : at.Offset+at.Size])
	rec := f.received(original)
	rec.Variants[0].Body, rec.Variants[0].Section = entry.Ref, at
	b.Run("again", func(b *testing.B) {
		for b.Loop() {
			if _, err := f.Again(b.Context(), rec, ""); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("unwrap", func(b *testing.B) { // what is left out where an original is alone in its report
		for b.Loop() {
			if _, err := journal.Parse(bytes.NewReader(raw), int64(len(raw))); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("score", func(b *testing.B) {
		m := score.Message{Size: int64(len(original)), Received: f.now, Direction: "in", FirstHand: true,
			Tenant: &f.cfg.Tenants[0], Recipients: []string{"bob@contoso.example"}, Sender: rec.Sender}
		for b.Loop() {
			m.Original = strings.NewReader(original)
			if _, err := f.Score(b.Context(), m); err != nil {
				b.Fatal(err)
			}
		}
	})
}
