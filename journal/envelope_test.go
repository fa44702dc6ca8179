package journal

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

// reportOf is a first-hand report with this envelope part, whose original has these Message-ID fields.
func reportOf(partHeader, envelope string, ids ...string) []byte {
	original := "From: a@out.example\r\nSubject: hello\r\n"
	for _, id := range ids {
		original += "Message-ID: " + id + "\r\n"
	}
	return []byte("Content-Type: multipart/mixed; boundary=\"_b_\"\r\nMessage-ID: <1@journal.report.generator>\r\nX-MS-Journal-Report:\r\n\r\n" +
		"--_b_\r\n" + partHeader + "\r\n" + envelope + "\r\n--_b_\r\nContent-Type: message/rfc822\r\n\r\n" + original +
		"\r\nbody\r\n--_b_--\r\n")
}

const plainPart = "Content-Type: text/plain; charset=us-ascii\r\n"

func addressesOf(r *Report) string {
	var all []string
	for _, rcpt := range r.Recipients {
		all = append(all, rcpt.Address)
	}
	return strings.Join(all, " ")
}

// A sender's subject that decodes to line breaks chooses nothing: neither the Message-ID by which the mailbox is
// searched, nor the trust in the report.
func TestParse_lineBreakInSubject(t *testing.T) {
	const own, forged = "<m1@out.example>", "<forged@elsewhere.example>"
	envelope := func(subject string) string {
		return "Sender: a@out.example\r\nSubject: " + subject + "\r\nMessage-Id: " + own +
			"\r\nRecipient: b@contoso.example\r\n"
	}
	encoded := func(charset, text string) (string, string) {
		return "Content-Type: text/plain; charset=" + charset + "\r\nContent-Transfer-Encoding: base64\r\n",
			base64.StdEncoding.EncodeToString([]byte(text))
	}
	utf16le := func(s string) string {
		out := "\xff\xfe"
		for _, u := range utf16.Encode([]rune(s)) {
			out += string([]byte{byte(u), byte(u >> 8)})
		}
		return out
	}
	bare := []string{"\nMessage-Id: " + forged, "\nRecipient: evil@contoso.example", "\n\nRecipient: evil@contoso.example\n", "\nSender: evil@out.example", "\rRecipient: evil@contoso.example",
		"\vRecipient: evil@contoso.example", "\fRecipient: evil@contoso.example", "\u0085Recipient: evil@contoso.example", "\u2028Recipient: evil@contoso.example", "\x00Recipient: evil@contoso.example",
		"\nTo: evil@contoso.example\nCc: evil@contoso.example\nBcc: evil@contoso.example\nRecipients: evil@contoso.example", "\nRecipients:\nevil@contoso.example"}
	for _, break_ := range bare {
		text := envelope("hi" + break_)
		forms := map[string][2]string{"as it is": {strings.Replace(plainPart, "us-ascii", "utf-8", 1), text}}
		for _, charset := range []string{"utf-8", "utf-16"} {
			body := text
			if charset == "utf-16" {
				body = utf16le(text)
			}
			header, part := encoded(charset, body)
			forms["base64 "+charset] = [2]string{header, part}
		}
		forms["quoted-printable"] = [2]string{"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n",
			envelope("hi" + strings.NewReplacer("\n", "=0A", "\r", "=0D", "\x00", "=00").Replace(break_))}
		for name, form := range forms {
			r := parseBytes(t, reportOf(form[0], form[1], own))
			if r.MessageID != own || len(r.AlternateIDs) != 0 || addressesOf(r) != "b@contoso.example" ||
				r.Sender != "a@out.example" || !r.FirstHand {
				t.Errorf("%q, %s: message id %s, also %v, recipients %s, sender %s, first-hand %v, problems %q",
					break_, name, r.MessageID, r.AlternateIDs, addressesOf(r), r.Sender, r.FirstHand, r.Problems)
			}
			if strings.ContainsAny(r.Subject, "\n") {
				t.Errorf("%q, %s: subject %q", break_, name, r.Subject)
			}
			if strings.Contains(break_, "\n") && !hasProblem(r, "bare line feed") {
				t.Errorf("%q, %s: nothing is said of it: %q", break_, name, r.Problems)
			}
		}
	}
}

// Where the line break is a whole one, the lines cannot be told from Exchange's. The mail is found all the same.
func TestParse_fieldTwice(t *testing.T) {
	const own, forged = "<m1@out.example>", "<forged@elsewhere.example>"
	for name, c := range map[string]struct {
		envelope, id, also, recipients string
	}{
		"a forged Message-ID before its own": {"Sender: a@out.example\r\nSubject: hi\r\nMessage-Id: " + forged + "\r\nMessage-Id: " + own + "\r\nRecipient: b@contoso.example\r\n", own, forged, "b@contoso.example"},
		"a forged Message-ID behind its own": {"Sender: a@out.example\r\nMessage-Id: " + own + "\r\nSubject: hi\r\nMessage-Id: " + forged + "\r\nRecipient: b@contoso.example\r\n", own, forged, "b@contoso.example"},
		"a forged one instead":               {"Sender: a@out.example\r\nSubject: hi\r\nMessage-Id: " + forged + "\r\nRecipient: b@contoso.example\r\n", own, forged, "b@contoso.example"},
		"none":                               {"Sender: a@out.example\r\nSubject: hi\r\nRecipient: b@contoso.example\r\n", own, "", "b@contoso.example"},
		"a recipient outside":                {"Sender: a@out.example\r\nSubject: hi\r\nRecipient: x@out.example\r\nMessage-Id: " + own + "\r\nRecipient: b@contoso.example\r\n", own, "", "x@out.example b@contoso.example"},
		"an empty one":                       {"Sender: a@out.example\r\nSubject: hi\r\nMessage-Id:\r\nMessage-Id: " + own + "\r\nRecipient: b@contoso.example\r\n", own, "", "b@contoso.example"},
	} {
		r := parseBytes(t, reportOf(plainPart, c.envelope, own))
		if r.MessageID != c.id || strings.Join(r.AlternateIDs, " ") != c.also || addressesOf(r) != c.recipients ||
			!r.FirstHand || r.Sender != "a@out.example" {
			t.Errorf("%s: message id %s, also %v, recipients %s, first-hand %v, problems %q", name, r.MessageID,
				r.AlternateIDs, addressesOf(r), r.FirstHand, r.Problems)
		}
	}
	var many strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&many, "Message-Id: <%d@elsewhere.example>\r\n", i)
	}
	r := parseBytes(t,
		reportOf(plainPart, "Sender: a@out.example\r\nSubject: hi\r\n"+many.String()+"Message-Id: "+own+
			"\r\nRecipient: b@contoso.example\r\n", own))
	if r.MessageID != own || len(r.AlternateIDs) != maxAlternates || !hasProblem(r, "more than once") {
		t.Errorf("a thousand of them: message id %s, also %v", r.MessageID, r.AlternateIDs)
	}
	twice := parseBytes(t, reportOf(plainPart, "Sender: a@out.example\r\nSubject: hi\r\nLabel: x\r\nMailbox: x@contoso.example\r\nMessage-Id: "+own+
		"\r\nLabel: y\r\nMailbox: y@contoso.example\r\nSubject: other\r\nSender: x@out.example\r\nRecipient: b@contoso.example\r\n", own))
	if twice.Label != "" || twice.Mailbox != "" || twice.Subject != "hi" || twice.Sender != "a@out.example" ||
		!twice.FirstHand {
		t.Errorf("%+v", twice)
	}
}

func TestParse_messageIDOfTheOriginal(t *testing.T) {
	envelope := "Sender: a@out.example\r\nSubject: hi\r\nMessage-Id: <m1@out.example>\r\nRecipient: b@contoso.example\r\n"
	for name, c := range map[string]struct {
		own  []string
		id   string
		also []string
	}{
		"as the envelope part names it": {[]string{"<m1@out.example>"}, "<m1@out.example>", nil},
		"another one":                   {[]string{"<m2@out.example>"}, "<m2@out.example>", []string{"<m1@out.example>"}},
		"two":                           {[]string{"<m2@out.example>", "<m3@out.example>"}, "<m2@out.example>", []string{"<m3@out.example>", "<m1@out.example>"}},
		"none":                          {nil, "<m1@out.example>", nil},
		"a word behind it":              {[]string{"<m1@out.example> (added by mx.example)"}, "<m1@out.example> (added by mx.example)", []string{"<m1@out.example>"}},
	} {
		r := parseBytes(t, reportOf(plainPart, envelope, c.own...))
		if r.MessageID != c.id || !slices.Equal(r.AlternateIDs, c.also) || !r.FirstHand {
			t.Errorf("%s: %s, also %q", name, r.MessageID, r.AlternateIDs)
		}
	}
}

// A file of a mail store on Unix has LF alone; one whose line breaks were mixed on the way is read as well.
func TestParse_envelopeWithOtherLineEnds(t *testing.T) {
	const envelope = "Sender: a@out.example\r\nSubject: hi\r\nMessage-Id: <m1@out.example>\r\nRecipient: b@contoso.example\r\nRecipient: c@contoso.example\r\n"
	for name, text := range map[string]string{
		"CRLF": envelope, "LF": strings.ReplaceAll(envelope, "\r\n", "\n"), "LF but for the first": strings.Replace(strings.ReplaceAll(envelope, "\r\n", "\n"), "\n", "\r\n", 1),
		"LF at first": strings.Replace(envelope, "\r\n", "\n", 1), "doubled CR": strings.ReplaceAll(envelope, "\r\n", "\r\r\n"),
	} {
		r := parseBytes(t, reportOf(plainPart, text, "<m1@out.example>"))
		if addressesOf(r) != "b@contoso.example c@contoso.example" || r.Sender != "a@out.example" ||
			r.Subject != "hi" || !r.FirstHand {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// The envelope part is read to its end, whatever its encoding suffered, and however the encoding is named.
func TestParse_envelopeEncodings(t *testing.T) {
	const envelope = "Sender: a@out.example\r\nSubject: hi there\r\nMessage-Id: <m1@out.example>\r\nRecipient: b@contoso.example\r\nRecipient: c@contoso.example\r\n"
	lines := func(s string, n int) string {
		var out strings.Builder
		for len(s) > 0 {
			k := min(n, len(s))
			out.WriteString(base64.StdEncoding.EncodeToString([]byte(s[:k])) + "\r\n")
			s = s[k:]
		}
		return out.String()
	}
	quoted := strings.ReplaceAll(envelope, "=", "=3D")
	cases := map[string][2]string{
		"comment":          {"base64 (x)", lines(envelope, 57)},
		"semicolon":        {"base64;", lines(envelope, 57)},
		"quotes":           {"\"base64\"", lines(envelope, 57)},
		"case":             {"BASE64", lines(envelope, 57)},
		"twice":            {"7bit\r\nContent-Transfer-Encoding: base64", lines(envelope, 57)},
		"padded runs":      {"base64", lines(envelope, 40)},
		"two runs":         {"base64", lines(envelope[:50], 57) + lines(envelope[50:], 57)},
		"foreign signs":    {"base64", strings.ReplaceAll(lines(envelope, 57), "\r\n", "!\r\n")},
		"a footer":         {"base64", lines(envelope+"\r\n", 57) + "\r\n_______\r\n"},
		"quoted-printable": {"quoted-printable", quoted},
		"a raw control":    {"quoted-printable", strings.Replace(quoted, "hi ", "hi \v", 1)},
		"a raw NUL":        {"quoted-printable", strings.Replace(quoted, "hi ", "hi \x00", 1)},
		"no hexadecimal":   {"quoted-printable", strings.Replace(quoted, "hi ", "hi =ZZ= ", 1)},
		"a long line":      {"quoted-printable", strings.Replace(quoted, "hi ", "hi "+strings.Repeat("x", 20000), 1)},
		"underscore":       {"quoted_printable", quoted},
		"says base64":      {"base64", envelope},
	}
	for name, c := range cases {
		r := parseBytes(t, reportOf(plainPart+"Content-Transfer-Encoding: "+c[0]+"\r\n", c[1], "<m1@out.example>"))
		if addressesOf(r) != "b@contoso.example c@contoso.example" || !r.FirstHand || r.Sender != "a@out.example" ||
			!strings.HasPrefix(r.Subject, "hi ") {
			t.Errorf("%s: %+v", name, r)
		}
	}
	for charset, text := range map[string]string{"utf-7": strings.ReplaceAll(envelope, "@", "+AEA-"), "unicode-1-1-utf-7": strings.ReplaceAll(envelope, "<", "+ADw-"), "x-none": envelope, "utf-8": "\ufeff" + envelope} {
		r := parseBytes(t, reportOf("Content-Type: text/plain; charset="+charset+"\r\n", text, "<m1@out.example>"))
		if addressesOf(r) != "b@contoso.example c@contoso.example" || !r.FirstHand ||
			r.MessageID != "<m1@out.example>" {
			t.Errorf("%s: %+v", charset, r)
		}
	}
}

// The report itself may be badly written, by those who pass it on.
func TestParse_looseReports(t *testing.T) {
	const own = "<m1@out.example>"
	good := string(reportOf(plainPart,
		"Sender: a@out.example\r\nSubject: hi\r\nMessage-Id: "+own+"\r\nRecipient: b@contoso.example\r\n", own))
	_, body, _ := strings.Cut(good, "\r\n\r\n")
	want := parseBytes(t, []byte(good))
	for name, text := range map[string]string{
		"comment":               strings.Replace(good, "boundary=\"_b_\"", "boundary=_b_ (hello)", 1),
		"single quotes":         strings.Replace(good, "\"_b_\"", "'_b_'", 1),
		"sections":              strings.Replace(good, "boundary=\"_b_\"", "boundary*1=b_; boundary*0=_", 1),
		"not indented":          strings.Replace(good, "boundary=", "\r\nboundary=", 1),
		"no semicolon":          strings.Replace(good, "multipart/mixed;", "multipart/mixed", 1),
		"a broken line":         strings.Replace(good, "X-MS-Journal-Report", "this is none\r\nX-MS-Journal-Report", 1),
		"no empty line":         strings.Replace(good, "\r\n\r\n--_b_", "\r\n--_b_", 1),
		"encoded as a whole":    strings.Replace(good, body, base64.StdEncoding.EncodeToString([]byte(body)), 1),
		"encoding of its parts": strings.Replace(good, "X-MS-Journal", "Content-Transfer-Encoding: base64\r\nX-MS-Journal", 1),
	} {
		if name == "encoded as a whole" {
			text = strings.Replace(text, "X-MS-Journal", "Content-Transfer-Encoding: base64\r\nX-MS-Journal", 1)
		}
		r := parseBytes(t, []byte(text))
		if r.Kind != KindReport || len(r.Originals) != 1 || addressesOf(r) != "b@contoso.example" ||
			r.MessageID != own || r.FirstHand != (name != "encoded as a whole") {
			t.Errorf("%s: %+v", name, r)
			continue
		}
		if diff := cmp.Diff(want.Originals[0].SHA256, r.Originals[0].SHA256); diff != "" {
			t.Errorf("%s: another original: %s", name, diff)
		}
	}
}
