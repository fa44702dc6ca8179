package outlook_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"clawback/internal/cfb"
	"clawback/internal/test/outlooktest"
	"clawback/journal/identity/outlook"
)

// read answers what is found in a file, in words.
func read(fn func(outlook.Found)) (list []string) {
	fn(outlook.Found{
		Message: func(m outlook.Message) { list = append(list, fmt.Sprintf("message %s %q", m.ID, m.Header)) },
		File: func(r io.Reader) {
			b, _ := io.ReadAll(r)
			list = append(list, "file "+string(b))
		},
	})
	return list
}

func msg(b []byte) []string {
	f, err := cfb.Read(bytes.NewReader(b), 1<<20)
	if err != nil {
		return nil
	}
	return read(func(found outlook.Found) { outlook.MSG(f, found) })
}

func tnef(b []byte) []string {
	return read(func(found outlook.Found) { outlook.TNEF(bytes.NewReader(b), found) })
}

func nested(depth int) outlooktest.Message {
	m := outlooktest.Message{ID: fmt.Sprintf("<%d@x>", depth)}
	if depth > 0 {
		m.Attached = []outlooktest.Message{nested(depth - 1)}
	}
	return m
}

func TestFound_everyMessageAndFile(t *testing.T) {
	long := strings.Repeat("X-Long: header\r\n", 1000)
	inner := outlooktest.Message{ID: "<inner@x>", Header: "Message-ID: <inner@x>\r\n" + long, Subject: "inner", Files: []string{"deep"}}
	for name, c := range map[string]struct {
		m    outlooktest.Message
		want []string // of the message itself and what is attached to it
	}{
		"alone":            {outlooktest.Message{ID: "<m@x>", Header: "A: b\r\n", Subject: "s", Body: "b"}, []string{`message <m@x> "A: b\r\n"`}},
		"without a header": {outlooktest.Message{ID: "<m@x>"}, []string{`message <m@x> ""`}},
		"without an id":    {outlooktest.Message{Header: "A: b\r\n"}, []string{`message  "A: b\r\n"`}},
		"nothing known":    {outlooktest.Message{Subject: "s", Files: []string{"f"}}, []string{"file f"}},
		"no ASCII":         {outlooktest.Message{ID: "<\u0141\u00e9@x>"}, []string{`message <??@x> ""`}},
		"a message and files": {outlooktest.Message{ID: "<m@x>", Attached: []outlooktest.Message{inner}, Files: []string{"one", strings.Repeat("two", 5000)}},
			[]string{`message <m@x> ""`, fmt.Sprintf("message <inner@x> %q", inner.Header), "file deep", "file one", "file " + strings.Repeat("two", 5000)}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, msg(c.m.MSG())); diff != "" {
				t.Errorf(".msg (-want +got):\n%s", diff)
			}
			want := c.want
			if c.m.ID != "" || c.m.Header != "" {
				want = want[1:] // a winmail.dat's own message is the one that it is in
			}
			if diff := cmp.Diff(want, tnef(c.m.TNEF())); len(want)+len(tnef(c.m.TNEF())) > 0 && diff != "" {
				t.Errorf("winmail.dat (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFound_messagesAreFollowedSoFar(t *testing.T) {
	m := nested(20)
	if got := msg(m.MSG()); len(got) != 9 || got[8] != `message <12@x> ""` {
		t.Errorf("of a .msg: %q", got)
	}
	if got := tnef(m.TNEF()); len(got) != 8 || got[7] != `message <12@x> ""` {
		t.Errorf("of a winmail.dat: %q", got)
	}
}

// A header is bounded: what is beyond is not read.
func TestFound_headersAreBounded(t *testing.T) {
	m := outlooktest.Message{Attached: []outlooktest.Message{{ID: strings.Repeat("i", 10_000), Header: strings.Repeat("h", 400_000)}}}
	want := []string{fmt.Sprintf("message %s %q", strings.Repeat("i", 2048), strings.Repeat("h", 256<<10))}
	for kind, got := range map[string][]string{"msg": msg(m.MSG()), "tnef": tnef(m.TNEF())} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %d found", kind, len(got))
		}
	}
}

// A file that is cut short gives what stands before the cut, of the last property too.
func TestTNEF_cutShort(t *testing.T) {
	whole := outlooktest.Message{Attached: []outlooktest.Message{{ID: "<a@x>"}, {ID: "<b@x>"}}}.TNEF()
	seen := map[int]int{}
	for n := range whole {
		got := tnef(whole[:n])
		seen[len(got)]++
		for i, want := range []string{`message <a@x> ""`, `message <b@x> ""`}[:len(got)] {
			if last := i == len(got)-1; got[i] != want &&
				(!last || !strings.HasPrefix(want, strings.TrimSuffix(got[i], ` ""`))) {
				t.Fatalf("of %d octets: %q", n, got)
			}
		}
	}
	if len(seen) != 3 || len(tnef(whole)) != 2 {
		t.Errorf("of %d octets, so many messages: %v", len(whole), seen)
	}
}

// Objects that are no messages, such as pictures, and names that only look like properties are passed over.
func TestFound_othersAreLeftAlone(t *testing.T) {
	m := outlooktest.Message{Attached: []outlooktest.Message{{ID: "<a@x>"}}}
	if got := tnef(bytes.Replace(m.TNEF(), []byte("\x07\x03\x02\x00"), []byte("\x0b\x00\x00\x00"), 1)); got != nil {
		t.Errorf("an object that is no message: %q", got)
	}
	if got := tnef(append([]byte("\x78\x9f\x3e\x23"), m.TNEF()[4:]...)); got != nil {
		t.Errorf("no winmail.dat: %q", got)
	}
}

func FuzzMSG(f *testing.F) {
	f.Add(nested(3).MSG())
	f.Add(outlooktest.Message{ID: "<m@x>", Header: "A: b\r\n", Files: []string{"f"}, Attached: []outlooktest.Message{{ID: "<n@x>"}}}.MSG())
	f.Fuzz(func(t *testing.T, b []byte) { checkSize(t, b, msg(b)) })
}

func FuzzTNEF(f *testing.F) {
	f.Add(nested(3).TNEF())
	f.Add(outlooktest.Message{Header: "A: b\r\n", Files: []string{"f"}, Attached: []outlooktest.Message{{ID: "<n@x>"}}}.TNEF())
	f.Fuzz(func(t *testing.T, b []byte) { checkSize(t, b, tnef(b)) })
}

// checkSize: no more comes out than went in, but for the words around it and for quoting.
func checkSize(t *testing.T, b []byte, found []string) {
	if out := len(strings.Join(found, "")); out > 16*len(b)+64 {
		t.Fatalf("%d octets out of %d", out, len(b))
	}
}
