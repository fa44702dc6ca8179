package journal

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRecipient(t *testing.T) {
	tests := []struct {
		value                        string
		address, expanded, forwarded string
		redirections                 int
	}{
		{"a@example.com", "a@example.com", "", "", 0},
		{"  <a@example.com>\t", "a@example.com", "", "", 0},
		{"<>", "", "", "", 0},
		{"", "", "", "", 0},
		{"Ann <a@example.com>", "a@example.com", "", "", 0},
		{"a@example.com<mailto:a@example.com>", "a@example.com", "", "", 0},
		{"a@example.com, Expanded: dl@example.com", "a@example.com", "dl@example.com", "", 1},
		{"a@example.com Expanded: dl@example.com", "a@example.com", "dl@example.com", "", 1},
		{"a@example.com,forwarded:<b@example.com>", "a@example.com", "", "b@example.com", 1},
		{"a@example.com , Forwarded: b@example.com", "a@example.com", "", "b@example.com", 1},
		{"<a@example.com>,\tExpanded:", "a@example.com", "", "", 1},
		{"a@example.com, Expanded: b@example.com, Forwarded: c@example.com", "a@example.com", "b@example.com", "c@example.com", 2},
		{`"x, Expanded: y"@example.com`, `"x, Expanded: y"@example.com`, "", "", 0},
		{`"x, Expanded: y"@example.com, Expanded: dl@example.com`, `"x, Expanded: y"@example.com`, "dl@example.com", "", 1},
		{`a@example.com, Expanded: "x, Forwarded: y"@example.com`, "a@example.com", `"x, Forwarded: y"@example.com`, "", 1},
		{`"a\", Expanded: y"@example.com`, `"a\", Expanded: y"@example.com`, "", "", 0},
		{`"a\\"@example.com, Expanded: y@example.com`, `"a\\"@example.com`, "y@example.com", "", 1},
		{`"unbalanced@example.com, Expanded: dl@example.com`, `"unbalanced@example.com`, "dl@example.com", "", 1},
		{`"a<b"@example.com`, `"a<b"@example.com`, "", "", 0},
		{"unexpanded:a@example.com", "unexpanded:a@example.com", "", "", 0},
		{"Expanded:a@example.com", "Expanded:a@example.com", "", "", 0},
		{"jörg@bücher.example, Expanded: straße@bücher.example", "jörg@bücher.example", "straße@bücher.example", "", 1},
	}
	for _, tt := range tests {
		t.Run(tt.value, func(t *testing.T) {
			got, n := recipient(tt.value, Cc)
			want := Recipient{Address: tt.address, Type: Cc, ExpandedFrom: tt.expanded, ForwardedFrom: tt.forwarded}
			if diff := cmp.Diff(want, got); diff != "" || n != tt.redirections {
				t.Errorf("%d redirections (-want +got):\n%s", n, diff)
			}
		})
	}
}

func TestGUID(t *testing.T) {
	const id = "4dd9ba79-c85d-4626-87a8-08d5ebdeb47c"
	for value, want := range map[string]string{
		id: id, "4DD9BA79-C85D-4626-87A8-08D5EBDEB47C": id, " {" + id + "} ": id,
		"": "", id + "0": "", id[1:]: "", "4dd9ba79xc85d-4626-87a8-08d5ebdeb47c": "", "4dd9ba79-c85d-4626-87a8-08d5ebdeb47g": "",
		"-" + id[1:]: "", id + "," + id: "",
	} {
		if got := guid(value); got != want {
			t.Errorf("guid(%q) = %q, want %q", value, got, want)
		}
	}
}
