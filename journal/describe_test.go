package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDescribe_allKeysAlwaysThere(t *testing.T) {
	b := described(t, &Report{Kind: KindNotReport})
	const want = `{"file":"f","kind":"not_a_report","sender":"","on_behalf_of":"","subject":"","message_id":"",` +
		`"network_message_id":"","recipients":[],"originals":[],"first_hand":false,"problems":[],"carried":null}`
	if diff := cmp.Diff(want, string(b)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	b = described(t, &Report{Recipients: make([]Recipient, 1), Originals: make([]Original, 1)})
	var got struct{ Recipients, Originals []map[string]any }
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	keys := append(slices.Sorted(maps.Keys(got.Recipients[0])), slices.Sorted(maps.Keys(got.Originals[0]))...)
	if diff := cmp.Diff(strings.Fields("address expanded_from forwarded_from type decrypted message_id sha256 size"),
		keys); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

func described(t *testing.T, r *Report) []byte {
	t.Helper()
	shown, err := r.Describe("f", strings.NewReader("the report"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(shown)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWriteText(t *testing.T) {
	r := Report{
		Kind: KindReport, FirstHand: true, Sender: "bob@fabrikam.example", Subject: "a\x1b[2J\nrecipient  evil\u202e",
		Recipients: []Recipient{{Address: "a@contoso.example", Type: To, ExpandedFrom: "dl@contoso.example"},
			{Address: "b@contoso.example", Type: Unlabeled, ForwardedFrom: "c@contoso.example"}},
		Originals: []Original{{Size: 7}, {Size: 8, Decrypted: true}},
		Problems:  []string{"odd"},
		Carried:   &Location{Section: Section{4, 6}},
	}
	shown, err := r.Describe("x.eml", strings.NewReader("the report"))
	if err != nil {
		t.Fatal(err)
	}
	zero, carried := strings.Repeat("0", 64), fmt.Sprintf("%x", sha256.Sum256([]byte("report")))
	want := "x.eml: report, first-hand\n" +
		"  sender     bob@fabrikam.example\n" +
		"  subject    a\\u001b[2J\\u000arecipient  evil\\u202e\n" +
		"  to         a@contoso.example, expanded from dl@contoso.example\n" +
		"  recipient  b@contoso.example, forwarded from c@contoso.example\n" +
		"  original   7 octets, sha256 " + zero + "\n" +
		"  original   8 octets, sha256 " + zero + ", decrypted copy\n" +
		"  carried    6 octets, sha256 " + carried + "\n" +
		"  problem    odd\n"
	var got bytes.Buffer
	if err := shown.WriteText(&got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
