package identity

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const bait = "From: eve@evil.example\r\nMessage-ID: <bait@evil.example>\r\nSubject: Invoice\r\nContent-Type: text/plain\r\n\r\nPay here.\r\n"

const network = "aaaaaaaa-0000-0000-0000-000000000001"

func wrapped(header string, messages ...string) string {
	text := header + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nSee attached.\r\n"
	for _, m := range messages {
		text += "--b\r\nContent-Type: message/rfc822\r\n\r\n" + m
	}
	return text + "--b--\r\n"
}

func of(t *testing.T, text string) Message {
	t.Helper()
	m, err := Of(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestAttached_carriesTheOriginalsIdentity(t *testing.T) {
	contents := of(t, bait).Contents()
	noID := strings.Replace(bait, "Message-ID: <bait@evil.example>\r\n", "", 1)
	delivered := strings.Replace(bait, "\r\n",
		"\r\nX-MS-Exchange-Organization-Network-Message-Id: "+strings.ToUpper(network)+"\r\n", 1)
	// As another program writes it: other transfer encoding, other header, other case.
	rewritten := "message-id:\r\n <bait@evil.example> \r\nfrom: Eve <EVE@evil.example>\r\nsubject: Invoice\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-transfer-encoding: base64\r\n\r\nUGF5IGhlcmUuDQo=\r\n"
	one := []Attached{{MessageID: "<bait@evil.example>", Contents: contents}}
	for _, c := range []struct {
		name, text string
		want       []Attached
	}{
		{"none", bait, nil},
		{"one", wrapped("", bait), one},
		{"written anew", wrapped("", rewritten), one},
		{"without a Message-ID", wrapped("", noID), []Attached{{Contents: contents}}},
		{"as it was delivered", wrapped("", delivered), []Attached{{"<bait@evil.example>", []string{network}, contents}}},
		{"two", wrapped("", noID, bait), []Attached{{Contents: contents}, one[0]}},
		{"the whole message is one", "Content-Type: message/rfc822\r\n\r\n" + bait, one},
		{"empty", wrapped("", "Message-ID: <e@x>\r\n\r\n"), []Attached{{MessageID: "<e@x>"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, of(t, c.text).Attached); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAttached_isBounded(t *testing.T) {
	messages := make([]string, 100)
	for i := range messages {
		messages[i] = fmt.Sprintf("Message-ID: <m%d@x>\r\n\r\nbody %d\r\n", i, i)
	}
	if got := of(t, wrapped("", messages...)).Attached; len(got) != maxAttached || got[31].MessageID != "<m31@x>" {
		t.Errorf("%d are kept", len(got))
	}
}

func TestReferences_nearestFirst(t *testing.T) {
	long := ""
	for i := range 50 {
		long += fmt.Sprintf(" <r%d@x>\r\n", i)
	}
	for _, c := range []struct {
		name, header string
		want         []string
	}{
		{"none", "", nil},
		{"in-reply-to", "In-Reply-To: <a@x>\r\n", []string{"<a@x>"}},
		{"both", "In-Reply-To: <c@x>\r\nReferences: <a@x> <b@x>\r\n <c@x>\r\n", []string{"<c@x>", "<b@x>", "<a@x>"}},
		{"without blanks between", "References: <a@x><b@x>\r\n", []string{"<b@x>", "<a@x>"}},
		{"words around", "In-Reply-To: Your message of Monday <a@x> (fine)\r\n", []string{"<a@x>"}},
		{"broken", "References: <a@x <b@x> c@x> <>\r\n", nil},
		{"many", "References:" + long, []string{"<r49@x>", "<r48@x>", "<r47@x>", "<r46@x>", "<r45@x>", "<r44@x>", "<r43@x>", "<r42@x>"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, of(t, c.header+"\r\nbody\r\n").References); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
