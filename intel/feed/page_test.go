package feed

import (
	"errors"
	"hash/fnv"
	"os"
	"strings"
	"testing"

	"clawback/verdict"
)

// hashed is a key for tests.
func hashed(i verdict.Indicator) (uint64, bool) {
	h := fnv.New64a()
	h.Write([]byte(i.Kind + " " + i.Value))
	return h.Sum64(), i.Kind != kindEmail
}

// lists names the feeds that list a value, with what they say of it.
func (b *bench) lists(t *testing.T, kind, value string) string {
	t.Helper()
	key, _ := hashed(verdict.Indicator{Kind: kind, Value: value})
	all, err := b.kept.book.listed(key)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, l := range all {
		if l.Kind != kind || l.Value != value {
			t.Errorf("%s %s is answered by %s %s", kind, value, l.Kind, l.Value)
		}
		found = append(found, l.Feed+" "+l.Disposition.String())
	}
	return strings.Join(found, ", ")
}

func TestListed_followsTheList(t *testing.T) {
	b, l := newListBench(t, "lifetime = \"10d\"\ncomplete = false")
	b.kept.book = newBook(hashed)
	b.feed.Kind = ""
	b.feed.Format, b.feed.Columns.Value, b.feed.Columns.Kind, b.feed.Header = "csv", "v", "k", "first"
	b.feed.Delimiter = ','
	for _, step := range []struct {
		day                int
		text               string
		page, host, sender string
	}{
		{1, "k,v\nurl,http://a.example/x\ndomain,b.example\nemail,c@d.example\n", "test MALICIOUS", "test SUSPICIOUS", ""},
		{2, "k,v\ndomain,b.example\n", "test MALICIOUS", "test SUSPICIOUS", ""}, // it lives on
		{12, "k,v\ndomain,b.example\n", "", "test SUSPICIOUS", ""},
		{13, "k,v\nurl,http://a.example/x\ndomain,b.example\n", "test MALICIOUS", "test SUSPICIOUS", ""},
	} {
		l.text = step.text
		if _, err := b.on(t, step.day); err != nil {
			t.Fatal(err)
		}
		if p, h, s := b.lists(t, kindURL, "http://a.example/x"), b.lists(t, kindDomain, "b.example"),
			b.lists(t, kindEmail, "c@d.example"); p != step.page ||
			h != step.host || s != step.sender {
			t.Errorf("day %d: %q, %q, %q", step.day, p, h, s)
		}
		if got := b.lists(t, kindDomain, "a.example"); got != "" {
			t.Errorf("day %d: a host that nobody lists: %q", step.day, got)
		}
	}
	// After a start the page is read from the copy.
	b.kept.book = newBook(hashed)
	if err := b.kept.book.open("test", b.kept.file(".list")); err != nil ||
		b.lists(t, kindURL, "http://a.example/x") != "test MALICIOUS" {
		t.Errorf("%v", err)
	}
	if err := b.kept.book.open("test", b.kept.file(".none")); err != nil ||
		b.lists(t, kindURL, "http://a.example/x") != "" {
		t.Errorf("a list that is gone: %v", err)
	}
}

// An entry is looked up from before the consumer is told of it: a message that comes meanwhile is held against it.
func TestListed_beforeTheConsumerIsTold(t *testing.T) {
	b, l := newListBench(t, "")
	b.kept.book = newBook(hashed)
	l.text = urls(0, 3)
	to := &failing{ledger: ledger{}}
	b.to = to
	if _, err := b.on(t, 1); codeOf(err) != NotTaken {
		t.Fatal(err)
	}
	if got := b.lists(t, kindURL, "http://h1.example/"); got != "test MALICIOUS" {
		t.Errorf("%q", got)
	}
}

// What cannot be read back is an error, and not an answer that nobody lists it.
func TestListed_aDamagedLineIsAnError(t *testing.T) {
	b, l := newListBench(t, "")
	b.kept.book = newBook(hashed)
	l.text = urls(0, 3)
	if _, err := b.on(t, 1); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(b.kept.file(".list"), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte("xxxxxxxx\nxxxxxxxx\nxxxxxxxx\nxxxxxxxx\n"), 0); err != nil {
		t.Fatal(err)
	}
	key, _ := hashed(verdict.Indicator{Kind: kindURL, Value: "http://h0.example/"})
	if _, err := b.kept.book.listed(key); codeOf(err) != Storage || errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}
