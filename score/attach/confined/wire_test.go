package confined

import (
	"bytes"
	"strings"
	"testing"

	"github.com/elastic/go-seccomp-bpf/arch"
	"github.com/google/go-cmp/cmp"

	"clawback/score/attach"
)

// full is an answer in which every field says something.
func full() answer {
	return answer{
		Limits: attach.Limits{Bytes: -5, Files: 1 << 40, Depth: 3, Pixels: 7},
		Report: attach.Report{
			Kind: "zip", Findings: []attach.Finding{{ID: "a", Text: "b"}, {ID: "c"}}, Links: []attach.Link{{URL: "https://a.example/", Where: "here"}},
			Files: []string{"", "x"}, Encrypted: true, Unreadable: "no", Pages: []attach.Page{{Name: "p", Text: strings.Repeat("t", 1000)}},
			Messages: []attach.Message{{Name: "m", Depth: 2, Raw: []byte{0, 1, 2}}}, NotRead: []string{"n"}, Stopped: "s",
		},
	}
}

func TestEncode_roundTrip(t *testing.T) {
	for _, want := range []answer{full(), {}} {
		var got answer
		if err := decode(encode(nil, want), &got); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

// Whatever is cut off, or changed in length, is refused or at least bounded.
func TestDecode_refusesWhatIsDamaged(t *testing.T) {
	whole := encode(nil, full())
	for n := range whole {
		var got answer
		if err := decode(whole[:n], &got); err == nil {
			t.Errorf("the first %d of %d bytes were taken for the whole", n, len(whole))
		}
	}
	var got answer
	if err := decode(append(bytes.Clone(whole), 0), &got); err == nil {
		t.Error("a byte too many was not noticed")
	}
	var names request
	many := encode(nil, request{Files: make([]header, maxElements+1)})
	if err := decode(many, &names); err == nil {
		t.Error("more elements than are allowed were read")
	}
	if err := readFrame(bytes.NewReader([]byte{0, 0, 1, 0}), 255, &got); err == nil {
		t.Error("a frame larger than allowed was read")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(encode(nil, full()))
	f.Add(encode(nil, answer{}))
	f.Fuzz(func(t *testing.T, in []byte) {
		var a, b answer
		if decode(in, &a) != nil {
			return
		}
		if err := decode(encode(nil, a), &b); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(a, b); diff != "" {
			t.Error(diff)
		}
		plausible(a, attach.Default())
	})
}

func TestPlausible(t *testing.T) {
	before := attach.Default()
	for name, c := range map[string]struct {
		change func(*answer)
		want   bool
	}{
		"as it is":         {func(*answer) {}, true},
		"less is left":     {func(a *answer) { a.Limits.Bytes -= 1 << 30 }, true},
		"more is left":     {func(a *answer) { a.Limits.Pixels++ }, false},
		"more depth":       {func(a *answer) { a.Limits.Depth++ }, false},
		"a finding":        {func(a *answer) { a.Report.Findings = []attach.Finding{{ID: "macro_xlm", Text: "x"}} }, true},
		"without a code":   {func(a *answer) { a.Report.Findings = []attach.Finding{{Text: "x"}} }, false},
		"an odd code":      {func(a *answer) { a.Report.Findings = []attach.Finding{{ID: "a.b"}} }, false},
		"an odd kind":      {func(a *answer) { a.Report.Kind = "zip\n" }, false},
		"a long kind":      {func(a *answer) { a.Report.Kind = strings.Repeat("a", 41) }, false},
		"a parent's words": {func(a *answer) { a.Report.Stopped = "x" }, false},
	} {
		a := answer{Limits: before, Report: attach.Report{Kind: "zip"}}
		c.change(&a)
		if got := plausible(a, before); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestPlausible_cutsSentences(t *testing.T) {
	a := answer{Report: attach.Report{Findings: []attach.Finding{{ID: "a", Text: strings.Repeat("ü", maxSentence)}}, NotRead: []string{"\xff" + strings.Repeat("x", 9000)}}}
	if !plausible(a, attach.Limits{}) {
		t.Fatal("refused")
	}
	for _, text := range []string{a.Report.Findings[0].Text, a.Report.NotRead[0]} {
		if len(text) > maxSentence+2 || strings.ToValidUTF8(text, "") != text {
			t.Errorf("%d bytes, valid %v", len(text), strings.ToValidUTF8(text, "") == text)
		}
	}
}

// The filter can be made on every architecture that the program is built for.
func TestAllowed_isKnownToEachArchitecture(t *testing.T) {
	names := append([]string{"clone", "clone3", "tgkill", "mmap", "mprotect"}, allowed...)
	for _, info := range []*arch.Info{arch.X86_64, arch.AARCH64} {
		for _, name := range names {
			if _, known := info.SyscallNames[name]; !known {
				t.Errorf("%s has no %s", info.Name, name)
			}
		}
	}
}
