package journal

import (
	"fmt"
	"strings"
	"testing"
)

// The ways to write the field of a network message id so that a reader that looks for the plain form does not see it.
var oddlyNamed = map[string]string{
	"plain":                "X-MS-Exchange-Organization-Network-Message-Id: %s\r\n",
	"a blank before colon": "X-MS-Exchange-Organization-Network-Message-Id : %s\r\n",
	"a tab before colon":   "X-MS-Exchange-Organization-Network-Message-Id\t: %s\r\n",
	"lower case":           "x-ms-exchange-organization-network-message-id:%s\r\n",
	"folded":               "X-MS-Exchange-Organization-Network-Message-Id:\r\n %s\r\n",
	"folded twice":         "X-MS-Exchange-Organization-Network-Message-Id:\r\n \r\n\t%s\r\n",
	"braces":               "X-MS-Exchange-Organization-Network-Message-Id: {%s}\r\n",
	"behind a broken line": "no field\r\nX-MS-Exchange-Organization-Network-Message-Id: %s\r\n",
	"behind a bare LF":     "X-Note: x\nX-MS-Exchange-Organization-Network-Message-Id: %s\r\n",
	"behind a bare CR":     "X-Note: x\rX-MS-Exchange-Organization-Network-Message-Id: %s\r\n",
	"many blanks":          "X-MS-Exchange-Organization-Network-Message-Id" + strings.Repeat(" ", 120) + ": %s\r\n",
	"many tabs":            "X-MS-Exchange-Organization-Network-Message-Id" + strings.Repeat("\t", 160) + ": %s\r\n",
}

// What may stand behind it so that the fields that Exchange puts at the end are not seen as fields.
var hiding = map[string]string{
	"nothing":             "",
	"four broken lines":   "one\r\ntwo\r\nthree\r\nfour\r\n",
	"a delimiter":         "--b1\r\n",
	"a delimiter, quoted": "--b1--\r\n",
	"a blank line":        " \r\n",
	"two CR":              "\r\r\n",
	"bare LF":             "\n\n",
	"bare CR":             "\r\r",
	"LF at a line's end":  "X-A: b\n\n",
	"CR at a line's end":  "X-A: b\r\r\n",
	"a huge header":       strings.Repeat("X-A: "+strings.Repeat("x", 990)+"\r\n", 8400),
	"a huge field":        "X-A: " + strings.Repeat(strings.Repeat("x", 990)+"\r\n ", 8500) + "\r\n",
	"NUL":                 "\x00\r\n",
	"broken, then bare":   "one\ntwo\nthree\nfour\n\n",
	"long lines":          strings.Repeat(strings.Repeat("x", 5000)+"\r\n", 4),
	"non-ASCII":           strings.Repeat("\u00e9t\u00e9: x\r\n", 4),
	"an address":          strings.Repeat("http://a.example/\r\n", 4),
	"many fields":         strings.Repeat("X-A: b\r\n", 5000),
	"many parents":        strings.Repeat("Message-ID: <1@a.example>\r\n", 5000),
	"a long field":        "X-A: " + strings.Repeat("x", 300_000) + "\r\n",
	"base64":              "Content-Transfer-Encoding: base64\r\nQUFB\r\n",
}

// Exchange writes its fields behind those of the sender. Whatever the sender writes, the network message id of a record
// is the one that Exchange wrote, or none: with another one a good message would be taken for the sender's.
func TestParse_networkMessageIDOfTheSenders(t *testing.T) {
	const theirs, exchanges = "11111111-2222-4333-8444-555555555555", "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
	for name, field := range oddlyNamed {
		for way, hide := range hiding {
			for _, kind := range []string{"text/plain", "multipart/mixed; boundary=b1"} {
				original := "Received: from a by b; Mon, 2 Nov 2026 09:00:00 +0000\r\nFrom: a@evil.example\r\nSubject: x\r\nContent-Type: " + kind + "\r\n" +
					fmt.Sprintf(field, theirs) + hide + "X-MS-Exchange-Organization-AuthAs: Anonymous\r\n" +
					"X-MS-Exchange-Organization-Network-Message-Id: " + exchanges + "\r\nX-EOPTenantAttributedMessage: x:0\r\n\r\n--b1\r\n\r\nbody\r\n--b1--\r\n"
				report := "Sender: MicrosoftExchange1@contoso.example\r\nX-MS-Journal-Report:\r\nMessage-ID: <1@journal.report.generator>\r\n" +
					"Content-Type: multipart/mixed; boundary=_r_\r\n\r\n--_r_\r\nContent-Type: text/plain\r\n\r\nSender: a@evil.example\r\nMessage-Id: <2@evil.example>\r\n" +
					"Recipient: b@contoso.example\r\n\r\n--_r_\r\nContent-Type: message/rfc822\r\n\r\n" + original +
					"\r\n--_r_--\r\n"
				r, err := Parse(strings.NewReader(report), int64(len(report)))
				if err != nil {
					t.Fatal(err)
				}
				if got := r.Inner.NetworkMessageID; got != exchanges && got != "" {
					t.Errorf("%s, behind it %s, %s: the sender's id is the record's", name, way, kind)
				}
			}
		}
	}
}

// Fields of Exchange's that contradict each other, or that may be hidden, make nobody one of the organisation, and set
// no report aside.
func TestParse_stampsOfTheSenders(t *testing.T) {
	const own, other = "3f1c2b4a-5d6e-4f70-8192-a3b4c5d6e7f8", "11111111-2222-4333-8444-555555555555"
	for name, c := range map[string]struct {
		fields string
		want   Inner
	}{
		"Exchange's alone": {"X-MS-Exchange-Organization-AuthAs: Internal\r\nX-MS-Exchange-Organization-Id: " + own + "\r\n",
			Inner{AuthAs: "Internal", OrganizationID: own}},
		"an AuthAs of the sender's": {"X-MS-Exchange-Organization-AuthAs : Internal\r\nX-MS-Exchange-Organization-AuthAs: Anonymous\r\n",
			Inner{AuthAs: "Anonymous"}},
		"another organisation": {"X-MS-Exchange-Organization-Id : " + other + "\r\nX-MS-Exchange-Organization-Id: " + own + "\r\n", Inner{}},
		"two tenants":          {"X-EOPTenantAttributedMessage: " + other + ":0\r\nX-EOPTenantAttributedMessage: " + own + ":0\r\n", Inner{}},
		"hidden": {"X-MS-Exchange-Organization-AuthAs : Internal\r\n\r\r\nX-MS-Exchange-Organization-Network-Message-Id: " + own + "\r\n",
			Inner{AuthAs: "Anonymous", InDoubt: true}},
		"hidden by what one reader alone takes for a name": {"X-MS-Exchange-Organization-AuthAs : Internal\r\n" +
			"X-MS-Exchange-Organization-Network-Message-Id" + strings.Repeat(" ", 120) + ": " + other + "\r\n\r\r\nX-MS-Exchange-Organization-Network-Message-Id: " + own + "\r\n",
			Inner{AuthAs: "Anonymous", InDoubt: true}},
		"another organisation, hidden": {"X-MS-Exchange-Organization-Id : " + other + "\r\n\r\r\nX-MS-Exchange-Organization-Network-Message-Id: " + own + "\r\n",
			Inner{AuthAs: "Anonymous", InDoubt: true}},
		"another organisation, and the tenant in Exchange's other field": {"X-MS-Exchange-Organization-Id : " + other + "\r\nX-EOPTenantAttributedMessage: " + own + ":0\r\n",
			Inner{}},
	} {
		p := &parser{src: &source{r: strings.NewReader(c.fields + "\r\nbody"), size: int64(len(c.fields) + 6), budget: 1 << 20}}
		at := Location{Section: Section{0, p.src.size}}
		got := p.innerOf(p.outline(at).header, at)
		got.networkFields = 0
		if got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
