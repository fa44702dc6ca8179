package intel

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"clawback/journal"
	"clawback/spool"
	"clawback/store"
	"clawback/verdict"
)

const viewed = "From: =?utf-8?q?J=C3=B6rg?= <j@evil.example>\r\nReply-To: pay@other.example\r\nTo: anna@contoso.example\r\n" +
	"Date: Sun, 1 Mar 2026 12:00:00 +0000\r\nSubject: =?utf-8?q?Rechnung_f=C3=A4llig?=\r\nMIME-Version: 1.0\r\n" +
	"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n" +
	"--a\r\nContent-Type: text/plain\r\n\r\nplain words\r\n--a\r\nContent-Type: text/html\r\n\r\n" +
	"<p>shown words</p><div style=\"display:none\">hidden words</div>\r\n--a--\r\n" +
	"--b\r\nContent-Type: application/pdf; name=\"invoice.pdf\"\r\nContent-Disposition: attachment\r\n" +
	"Content-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQ=\r\n" +
	"--b\r\nContent-Type: image/png\r\nContent-Id: <logo>\r\n\r\npng\r\n" +
	"--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: within\r\n\r\nwithin words\r\n--b--\r\n"

func hexOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func TestView_asAMailProgramShowsIt(t *testing.T) {
	got, err := viewOf(strings.NewReader(viewed), int64(len(viewed)))
	if err != nil {
		t.Fatal(err)
	}
	got.Text = strings.TrimSpace(got.Text)
	want := View{From: "Jörg <j@evil.example>", ReplyTo: "pay@other.example", To: "anna@contoso.example",
		Date: "Sun, 1 Mar 2026 12:00:00 +0000", Subject: "Rechnung fällig", Text: "shown words", Hidden: got.Hidden,
		Attachments: []Attachment{
			{Part: "2", Name: "invoice.pdf", Type: "application/pdf", Size: 8, SHA256: hexOf("%PDF-1.4")},
			{Part: "3", Type: "image/png", Size: 3, SHA256: hexOf("png"), Inline: true},
			{Part: "4.1", Type: "text/plain", Size: 12, SHA256: hexOf("within words"), Nested: true},
		}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got.Hidden < len("hidden words") {
		t.Errorf("%d bytes are hidden", got.Hidden)
	}
}

func TestView_whatIsNotReadIsTold(t *testing.T) {
	long := "Subject: long\r\n\r\n" + strings.Repeat("x", 25<<20)
	got, err := viewOf(strings.NewReader(long), int64(len(long)))
	if err != nil || len(got.NotRead) == 0 || !strings.Contains(got.NotRead[0], "the first") {
		t.Errorf("%v, %v", got.NotRead, err)
	}
}

type bodyOf struct{ *bytes.Reader }

func (bodyOf) Close() error { return nil }

// The forms of an original are kept apart, and one that is not there, or not any more, is an error.
func TestOriginal_ofTheFormThatIsMeant(t *testing.T) {
	bodies := map[string]string{"one": "..first original..", "two": "..second original.."}
	j := &Judge{viewing: make(chan struct{}, 1), o: Options{Open: func(ref spool.Ref) (Body, error) {
		text, ok := bodies[ref.File]
		if !ok {
			return nil, fs.ErrNotExist
		}
		return bodyOf{bytes.NewReader([]byte(text))}, nil
	}}}
	form := func(file string, d verdict.Disposition) store.Variant {
		size := int64(len(bodies[file]) - 4)
		return store.Variant{Body: spool.Ref{File: file}, Section: journal.Section{Offset: 2, Size: size}, Verdict: verdict.Verdict{Disposition: d}}
	}
	rec := store.Record{ID: "r1", Variants: []store.Variant{form("one", verdict.Clean), form("two", verdict.Malicious), {Body: spool.Ref{File: "gone"}}}}
	for n, want := range map[int]string{0: "first original", 1: "second original", -1: "second original"} {
		r, err := j.Original(rec, n)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(r); string(text) != want || err != nil {
			t.Errorf("%d: %q, %v", n, text, err)
		}
	}
	if _, err := j.Original(rec, 3); !errors.Is(err, ErrInvalid) {
		t.Errorf("one that is not there: %v", err)
	}
	if _, err := j.View(t.Context(), rec, 2); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("one that is gone: %v", err)
	}
	kept := rec.Variants[2]
	kept.Kept = &spool.Ref{File: "one"}
	kept.Section = rec.Variants[0].Section
	rec.Variants[2] = kept
	if _, err := j.Original(rec, 2); err != nil {
		t.Errorf("the copy that is kept longer: %v", err)
	}
}

// Messages are taken apart one after the other, and whoever waits can be called off.
func TestView_oneAtATime(t *testing.T) {
	calledOff, cancel := context.WithCancel(t.Context())
	opened := 0
	var j *Judge
	var second error
	rec := store.Record{ID: "r1", Variants: []store.Variant{{}}}
	j = &Judge{viewing: make(chan struct{}, 1), o: Options{Open: func(spool.Ref) (Body, error) {
		opened++
		cancel()
		_, second = j.View(calledOff, rec, 0)
		return nil, fs.ErrNotExist
	}}}
	if _, err := j.View(t.Context(), rec, 0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the first: %v", err)
	}
	if !errors.Is(second, context.Canceled) || opened != 1 {
		t.Errorf("the second, while the first is read: %v, %d opened", second, opened)
	}
	if _, err := j.View(t.Context(), rec, 0); !errors.Is(err, fs.ErrNotExist) || opened != 2 {
		t.Errorf("the next: %v, %d opened", err, opened)
	}
}
