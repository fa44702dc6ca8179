package journal

import (
	"fmt"
	"maps"
	"strings"
	"testing"
)

// outerReport is a report of Exchange Online's whose outer header has more fields, at its end.
func outerReport(more string) string {
	return "Sender: MicrosoftExchange1@contoso.example\r\nX-MS-Journal-Report:\r\nMessage-ID: <1@journal.report.generator>\r\n" +
		"X-MS-Exchange-Generated-Message-Source: Journal Agent\r\nContent-Type: multipart/mixed; boundary=_r_\r\n" +
		more + "\r\n--_r_\r\nContent-Type: text/plain\r\n\r\nSender: a@out.example\r\nMessage-Id: <2@out.example>\r\n" +
		"Recipient: b@contoso.example\r\n\r\n--_r_\r\nContent-Type: message/rfc822\r\n\r\nFrom: a@out.example\r\n\r\nhi\r\n--_r_--\r\n"
}

func parsed(t *testing.T, text string) *Report {
	t.Helper()
	r, err := Parse(strings.NewReader(text), int64(len(text)))
	if err != nil || r.Kind != KindReport {
		t.Fatal(r, err)
	}
	return r
}

// What a mailbox has sent to a journal address is no report of the Journal Agent's, whatever else it looks like.
func TestParse_whatAMailboxSentIsNotFirstHand(t *testing.T) {
	const org = "X-OriginatorOrg: contoso.example\r\nX-MS-Exchange-CrossTenant-Network-Message-Id: 1\r\n" +
		"X-MS-Exchange-CrossTenant-FromEntityHeader: Hosted\r\n"
	for _, c := range []struct {
		name, more string
		firstHand  bool
	}{
		{"the Journal Agent's", org, true},
		{"with AuthAs", org + "X-MS-Exchange-CrossTenant-AuthAs: Internal\r\n", true},
		{"a look-alike field", org + "X-MS-Exchange-CrossTenant-UserPrincipalNames: x\r\n", true},
		{"a mailbox's name", org + "X-MS-Exchange-CrossTenant-UserPrincipalName: RBZPibbQ==\r\n", false},
		{"without a value", org + "x-ms-exchange-crosstenant-userprincipalname:\r\n", false},
		{"a mailbox's kind", org + "X-MS-Exchange-CrossTenant-MailboxType: HOSTED\r\n", false},
		{"from outside", org + "X-MS-Exchange-CrossTenant-AuthAs: Anonymous\r\n", false},
		{"from outside, and otherwise", "X-MS-Exchange-CrossTenant-AuthAs: Internal\r\n" + org +
			"X-MS-Exchange-CrossTenant-AuthAs: Anonymous\r\n", false},
	} {
		r := parsed(t, outerReport(c.more))
		if r.FirstHand != c.firstHand || (r.Outer.Submitted == "") != c.firstHand ||
			r.Outer.OriginatorOrg != "contoso.example" {
			t.Errorf("%s: first-hand %v, submitted %q, %v", c.name, r.FirstHand, r.Outer.Submitted, r.Problems)
		}
	}
}

// Whoever writes the report may end its header before the fields of Exchange's: another tenant's user then writes
// X-OriginatorOrg himself, and an insider hides the mark of his mailbox.
func TestParse_outerStampsThatAreHidden(t *testing.T) {
	const mailbox = "X-MS-Exchange-CrossTenant-UserPrincipalName: RBZPibbQ==\r\n"
	ways := maps.Clone(hiding)
	ways["a header of twice what is read"] = strings.Repeat("X-A: "+strings.Repeat("x", 990)+"\r\n", 17_200)
	ways["broken, and as long"] = "one\ntwo\nthree\nfour\n\n" + strings.Repeat("X-A: "+strings.Repeat("x", 990)+"\r\n",
		17_200)
	for way, hide := range ways {
		foreign := outerReport("X-OriginatorOrg: contoso.example\r\n" + hide +
			"X-LD-Note: x\r\nX-OriginatorOrg: fabrikam.example\r\n")
		if r, err := Parse(strings.NewReader(foreign), int64(len(foreign))); err != nil ||
			r.Outer.OriginatorOrg == "contoso.example" {
			t.Errorf("another tenant's behind %s passes for %q, %v", way, r.Outer.OriginatorOrg, err)
		}
		head, err := ParseOuter(strings.NewReader(foreign), int64(len(foreign)))
		if err != nil || head.Outer.OriginatorOrg == "contoso.example" {
			t.Errorf("another tenant's header behind %s passes for %q, %v", way, head.Outer.OriginatorOrg, err)
		}
		own := outerReport("X-OriginatorOrg: contoso.example\r\n" + hide + "X-LD-Note: x\r\n" + mailbox)
		if r, err := Parse(strings.NewReader(own), int64(len(own))); err != nil || r.FirstHand {
			t.Errorf("a mailbox's behind %s is first-hand, %v", way, err)
		}
	}
}

// An outsider whose subject Exchange copies into the header of the report cannot have it set aside: what he writes
// there stands before the fields of Exchange's, all of which are read.
func TestParse_copiedFieldsHideNothing(t *testing.T) {
	for _, subject := range []string{"x\rX-OriginatorOrg: evil.example", "x\n X-OriginatorOrg: evil.example",
		"X-OriginatorOrg: evil.example", "=?utf-8?q?=0D=0AX-OriginatorOrg:_evil.example?="} {
		r := parsed(t, fmt.Sprintf("Subject: %s\r\n", subject)+outerReport("X-OriginatorOrg: contoso.example\r\n"))
		if r.Outer.OriginatorOrg != "contoso.example" || !r.FirstHand {
			t.Errorf("%q: %q, first-hand %v, %v", subject, r.Outer.OriginatorOrg, r.FirstHand, r.Problems)
		}
	}
}

// Nor does the beginning of a message say whose it is where its header goes on behind that.
func TestParseHead_outerStampsBehindTheCut(t *testing.T) {
	const limit = 100 << 10
	more := strings.Repeat("X-A: "+strings.Repeat("x", 990)+"\r\n", 120)
	for _, c := range []struct{ name, header, org string }{
		{"all of the header", "X-OriginatorOrg: contoso.example\r\n", "contoso.example"},
		{"a part", "X-OriginatorOrg: contoso.example\r\n" + more + "X-OriginatorOrg: fabrikam.example\r\n", contradiction},
		{"a part, its end in doubt", "X-OriginatorOrg: contoso.example\r\none\ntwo\nthree\nfour\n\n" + more +
			"X-OriginatorOrg: fabrikam.example\r\n", contradiction},
	} {
		text := outerReport(c.header) + more
		r, err := ParseHead(strings.NewReader(text), int64(len(text)), limit)
		if err != nil || r.Outer.OriginatorOrg != c.org {
			t.Errorf("%s: it passes for %q, %v", c.name, r.Outer.OriginatorOrg, err)
		}
	}
}
