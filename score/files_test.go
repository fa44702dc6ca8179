package score

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func fileOf(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func plainMail(subject string) string {
	return "From: a@example.com\r\nTo: b@contoso.example\r\nSubject: " + subject + "\r\n\r\nhello\r\n"
}

// names judges paths and answers the names of the results, errors marked.
func names(t *testing.T, stdin string, paths ...string) []string {
	t.Helper()
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	err = Files(t.Context(), s, paths, FilesOptions{Workers: 4, Stdin: strings.NewReader(stdin)}, func(r FileResult) error {
		name := filepath.Base(r.File)
		if r.Error != "" {
			name += " (error)"
		} else if r.Rules == "" {
			name += " (no verdict)"
		}
		got = append(got, name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestFiles_answersInTheOrderOfTheArguments(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "folder")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	var want []string
	for i := range 20 {
		name := fmt.Sprintf("%02d.eml", i)
		fileOf(t, folder, name, plainMail(strings.Repeat("x", 20000*(20-i)))) // the first ones take longest
		want = append(want, name)
	}
	box := fileOf(t, dir, "box", "From a@example.com Mon Nov  2 10:00:00 2026\n"+plainMail("one")+
		"\nFrom b@example.com Mon Nov  2 10:00:00 2026\n"+plainMail("two")+"\n>From here on\n")
	last := fileOf(t, dir, "z.eml", plainMail("last"))
	want = append(want, "box#1", "box#2", "-", "missing.eml (error)", "z.eml")
	got := names(t, plainMail("in"), folder, box, "-", filepath.Join(dir, "missing.eml"), last)
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestEachMessage_opensWhatAReportAndAMailboxHold(t *testing.T) {
	dir := t.TempDir()
	report := func(encoding, original string) string {
		return "From: a@example.com\r\nSender: MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@contoso.example\r\nX-MS-Journal-Report:\r\n" +
			"Message-ID: <r1@journal.report.generator>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\n" +
			"--b\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\nSender: a@example.com\r\nSubject: s\r\nMessage-Id: <1@example.com>\r\nRecipient: b@contoso.example\r\n\r\n" +
			"--b\r\nContent-Type: message/rfc822\r\n" + encoding + "\r\n" + original + "\r\n--b--\r\n"
	}
	mail := plainMail("inside")
	var wrapped strings.Builder
	for octets := []byte(mail); len(octets) > 0; {
		n := min(len(octets), 57)
		wrapped.WriteString(base64.StdEncoding.EncodeToString(octets[:n]) + "\r\n")
		octets = octets[n:]
	}
	for _, c := range []struct{ name, content string }{
		{"plain", mail},
		{"mailbox", "From a@example.com Mon Nov  2 10:00:00 2026\n" + mail},
		{"report", report("", mail)},
		{"report with an encoded original", report("Content-Transfer-Encoding: base64\r\n", wrapped.String())},
	} {
		path := fileOf(t, dir, "x", c.content)
		count := 0
		err := EachMessage(path, nil, func(_ string, m Message) error {
			count++
			octets := make([]byte, m.Size)
			if _, err := m.Original.ReadAt(octets, 0); err != nil && int64(len(octets)) < m.Size {
				return err
			}
			if !strings.HasPrefix(string(octets), "From: a@example.com") ||
				!strings.Contains(string(octets), "Subject: inside") {
				t.Errorf("%s: the message is %q", c.name, octets)
			}
			if strings.HasPrefix(c.name, "report") && (m.Sender != "a@example.com" || len(m.Recipients) != 1) {
				t.Errorf("%s: the envelope is %q to %q", c.name, m.Sender, m.Recipients)
			}
			return nil
		})
		if err != nil || count != 1 {
			t.Errorf("%s: %d messages, %v", c.name, count, err)
		}
	}
}
