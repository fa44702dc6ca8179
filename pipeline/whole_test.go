package pipeline

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"clawback/internal/test/mailgen"
	"clawback/internal/test/needs"
	"clawback/journal"
	"clawback/journal/identity"
	"clawback/score"
)

// The bounds of one message of at most wholeSize bytes, from the report to the verdict.
const (
	wholeSize   = 1 << 20
	wholeTime   = time.Second
	wholeMemory = 384 << 20 // handed out in all, most of it given back in between
)

// What costs more than its length earns does so by repetition. So the fuzzer makes a beginning, something to repeat and
// an end, and the target fills a megabyte of them: a cost that grows with the square of the repetitions is found by a
// few bytes.
func FuzzWhole_timeAndMemory(f *testing.F) {
	needs.Time(f, "a megabyte of each kind, whose bound is not that of the race detector", "make test")
	for _, seed := range repeated() {
		f.Add([]byte(seed[0]), []byte(seed[1]), []byte(seed[2]))
	}
	for _, m := range mailgen.Generate(1)[:8] {
		head, body, _ := bytes.Cut(m.Raw, []byte("\r\n\r\n"))
		f.Add(append(head, "\r\n\r\n"...), body, []byte{})
		f.Add([]byte{}, append(head, "\r\n"...), append([]byte("\r\n"), body...))
	}
	scorer := wholeScorer(f)
	f.Fuzz(func(t *testing.T, head, piece, tail []byte) {
		message := whole(head, piece, tail)
		var cost wholeCost
		for range 3 { // other work of the process is measured too, so the least counts
			if cost = costOf(t, scorer, message); cost.time <= wholeTime && cost.memory <= wholeMemory {
				return
			}
		}
		t.Errorf("%d bytes, %q + %q + %q: %v", len(message), head, piece, tail, cost)
	})
}

// repeated are structures that repeat: parts, fields, parameters, nested messages, links, words.
func repeated() [][3]string {
	const mixed = "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
	return [][3]string{
		{mixed, "--b\r\n\r\n\r\n", "--b--\r\n"},
		{mixed, "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nQUFB\r\n", "--b--\r\n"},
		{mixed, "--b\r\n\r\nQUFBQUFBQUFBQUFB\r\n-\r\n", "--b--\r\n"},
		{mixed, "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\ny\r\n", "--b--\r\n"},
		{"", "Content-Type: message/rfc822\r\n\r\n", "Subject: x\r\n\r\ny"},
		{"", mixed + "--b\r\n", "x"},
		{"Subject: x", "\r\n y", "\r\n\r\nz"},
		{"Subject: x", "\f\xf9 y", "\r\n\r\nz"}, // a word with which names of brands begin
		{"From: ", "u s bank of a ", "<a@b.example>\r\n\r\nx"},
		{"From: a@", "webmail", "x.example\r\n\r\nx"}, // words of a purpose that are made of others
		{"From: a@b.example\r\n\r\nhttps://", "webmail", "x.example/ "},
		{"From: a@b.example\r\n\r\n", "https://webmailwebmailwebmailwebmailwebmailx.example/ ", ""},
		{"From: webmail", "webmail-", "<a@webmail-webmail.example>\r\n\r\nx"},
		{"", "u y a x ", "\r\n"},
		{"", "To: a@b.example, \"c\" <d@e.example>\r\n", "\r\nx"},
		{"To: ", "(a", ")\r\n\r\nx"},
		{"To: ", "<a@b.example>,", "\r\n\r\nx"},
		{"Subject: ", "=?utf-8?b?eA==?= ", "\r\n\r\nx"},
		{"Content-Type: text/plain; ", "a*0*=x;", "\r\n\r\nx"},
		{"Received: ", "from a by b (c) ; ", "\r\n\r\nx"},
		{"Authentication-Results: ", "a; dkim=pass (x) header.d=b.example;", "\r\n\r\nx"},
		{"Authentication-Results: a; ", "\\\"", "\r\n\r\nx"}, // quoted strings that do not end
		{"Authentication-Results: a; ", "\";", "\r\n\r\nx"},
		{"Authentication-Results: a; ", "(\"", "\r\n\r\nx"},
		{"Content-Type: text/html\r\n\r\n", "<div><a href='https://a.example/?u=", "'>x"},
		{"Content-Type: text/html\r\n\r\n", "<p style='display:none'>&#97;", ""},
		{"Content-Type: text/html\r\n\r\n<style>", ".a{color:#fff}/*", "</style>x"},
		{"Content-Type: text/html\r\n\r\n<script>", "unescape('%61')+atob('", "')</script>"},
		{"Content-Type: text/plain; charset=utf-7\r\n\r\n", "+AGE-", ""},
		{"Content-Transfer-Encoding: quoted-printable\r\n\r\n", "=\r\n", "x"},
		{"Content-Transfer-Encoding: uuencode\r\n\r\n", "begin 644 a\n!80\n`\nend\n", ""},
		{"\r\n", "https://a.example/ ", ""},
		{"\r\n", "a@b.example 1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2 $100 ", ""},
		{"List-Unsubscribe: ", "<mailto:a@b.example?to=c@d.example&cc=%61,", ">\r\n\r\nx"},
		{"", "List-Unsubscribe: =?utf-8?q?<mailto:a@b.example?to=?=\r\n", "\r\nx"},
		{"DKIM-Signature: ", "a=b; ", "\r\n\r\nx"},
		{"", "Content-Type: multipart/mixed; oundary=b\r\n'\n--b\r\n", "x"}, // what could be a delimiter, among fields
		{"", "Content-Type: multipart/mixed; boundary=b\r\n'\n--c\r\n", "x"},
		{"", "Content-Type: text/plain; boundary=\"b \"; boundary*=''c\r\n--d\r\nTo: a@b.example\r\n", "x"},
		{"", "Content-Transfer-Encoding: base64\r\nQUFB\nContent-Type: text/plain\r\n--b\n", "x"},
	}
}

// whole fills wholeSize bytes.
func whole(head, piece, tail []byte) []byte {
	if len(head)+len(tail)+len(piece) > wholeSize || len(piece) == 0 {
		return bytes.Join([][]byte{head, tail}, piece)[:min(len(head)+len(piece)+len(tail), wholeSize)]
	}
	times := (wholeSize - len(head) - len(tail)) / len(piece)
	return bytes.Join([][]byte{head, bytes.Repeat(piece, times), tail}, nil)
}

type wholeCost struct {
	time   time.Duration
	memory uint64
	stages string
}

func (c wholeCost) String() string {
	return fmt.Sprintf("%v, %d MiB (%s)", c.time, c.memory>>20, c.stages)
}

// costOf takes a message through the stages as the pipeline does, once inside a report and once as the report itself.
func costOf(t testing.TB, scorer *score.Scorer, message []byte) (cost wholeCost) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := cpuTime(unix.CLOCK_PROCESS_CPUTIME_ID)
	last := began
	lap := func(name string) {
		now := cpuTime(unix.CLOCK_PROCESS_CPUTIME_ID)
		cost.stages += fmt.Sprintf("%s %v; ", name, (now - last).Round(time.Millisecond))
		last = now
	}
	if _, err := journal.Parse(bytes.NewReader(message), int64(len(message))); err != nil {
		t.Fatal(err)
	}
	lap("unwrap as the report")
	wrapped := wholeReport(message)
	report, err := journal.Parse(bytes.NewReader(wrapped), int64(len(wrapped)))
	if err != nil || len(report.Originals) != 1 {
		t.Fatalf("%v, %+v", err, report)
	}
	lap("unwrap")
	if _, err := identity.Of(report.Originals[0].Open(bytes.NewReader(wrapped)), "[EXT]"); err != nil {
		t.Fatal(err)
	}
	lap("identify")
	readable, err := report.Clear().Readable(bytes.NewReader(wrapped))
	if err != nil {
		t.Fatal(err)
	}
	defer readable.Close()
	if _, err := scorer.Score(context.Background(), score.Message{Original: readable, Size: readable.Size, Sender: report.Sender,
		FirstHand: true, Received: time.Unix(1, 0), Tenant: mailgen.Tenant()}); err != nil {
		t.Fatal(err)
	}
	lap("score")
	runtime.ReadMemStats(&after)
	cost.time, cost.memory = last-began, after.TotalAlloc-before.TotalAlloc
	return cost
}

// wholeReport is a journal report about a message.
func wholeReport(message []byte) []byte {
	boundary := "_whole_"
	for bytes.Contains(message, []byte(boundary)) {
		boundary += "_"
	}
	return []byte("Content-Type: multipart/mixed; boundary=\"" + boundary + "\"\r\nX-MS-Journal-Report:\r\nMessage-ID: <1@journal.report.generator>\r\n\r\n--" +
		boundary + "\r\nContent-Type: text/plain\r\n\r\nSender: a@example.com\r\nMessage-Id: <2@example.com>\r\nRecipient: b@example.com\r\n\r\n--" +
		boundary + "\r\nContent-Type: message/rfc822\r\n\r\n" + string(message) + "\r\n--" + boundary + "--\r\n")
}

func wholeScorer(t testing.TB) *score.Scorer {
	t.Helper()
	s, err := score.New(score.Options{TrustMicrosoft: true})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The bounds of the target would be idle if it filled nothing: a seed is as long as it may be.
func TestWhole_fillsTheSize(t *testing.T) {
	for _, seed := range repeated() {
		got := whole([]byte(seed[0]), []byte(seed[1]), []byte(seed[2]))
		if len(got) > wholeSize || len(got) < wholeSize-len(seed[1]) || !strings.HasSuffix(string(got), seed[2]) {
			t.Errorf("%q: %d bytes", seed[0], len(got))
		}
	}
}

// What is held against each other costs the product of both lengths, which one repetition does not find: the words of a
// name and a mailbox, links and links of another kind, names of files and of their types.
func TestWhole_twoRepetitions(t *testing.T) {
	needs.Time(t, "half a megabyte of each of two kinds, whose bound is not that of the race detector", "make test")
	scorer := wholeScorer(t)
	const half = wholeSize/2 - 200
	times := func(piece string) string { return strings.Repeat(piece, half/len(piece)) }
	numbered := func(format string, size int) string {
		var s strings.Builder
		for n := 0; s.Len() < size; n++ {
			fmt.Fprintf(&s, format, n)
		}
		return s.String()
	}
	const end = "\r\n\r\nx"
	for name, message := range map[string]string{
		"a name and a free mailbox":       "From: Norton " + times("abc ") + "<" + times("x") + "@gmail.com>" + end,
		"numbered names and a mailbox":    "From: Norton " + numbered("w%d ", half) + "<" + times("x") + "@gmail.com>" + end,
		"a name and a domain":             "From: Norton " + times("abc ") + "<a@" + times("x") + ".example>" + end,
		"a name and labels":               "From: Norton " + times("abc ") + "<a@" + times("x.") + "example>" + end,
		"a name and a subject":            "From: Norton " + times("abc ") + "<a@gmail.com>\r\nSubject: " + numbered("w%d ", half) + end,
		"a name and an answer's mailbox":  "From: Norton " + times("abc ") + "<a@gmail.com>\r\nReply-To: b <" + times("x") + "@gmail.com>" + end,
		"a name and a text":               "From: Norton " + times("abc ") + "<a@gmail.com>\r\n\r\n" + numbered("w%d ", half),
		"a subject and a text":            "From: a@b.example\r\nSubject: " + numbered("w%d ", half) + "\r\n\r\n" + numbered("v%d ", half),
		"recipients and addresses":        "From: a@b.example\r\nTo: " + numbered("u%d@c.example, ", half) + "\r\n\r\n" + numbered("u%d@d.example ", half),
		"hosts and links":                 "From: a@b.example\r\n\r\n" + numbered("https://h%d.example/ ", half) + numbered("http://a.example/%d ", half),
		"links and their texts":           "From: a@b.example\r\nContent-Type: text/html\r\n\r\n" + numbered("<a href='https://h%d.example/'>https://g.example/</a>", 2*half),
		"classes and rules":               "From: a@b.example\r\nContent-Type: text/html\r\n\r\n<style>" + numbered(".c%d{color:#fff}", half) + "</style>" + numbered("<p class='c%d d'>a</p>", half),
		"references and an id":            "From: a@b.example\r\nReferences: " + numbered("<%d@b.example> ", half) + "\r\nIn-Reply-To: " + numbered("<%d@c.example> ", half) + end,
		"unsubscribing and links":         "From: a@b.example\r\nList-Unsubscribe: " + numbered("<https://l%d.example/>, ", half) + "\r\n\r\n" + numbered("https://l%d.example/ ", half),
		"signatures and authors":          numbered("DKIM-Signature: d=h%d.example; s=a\r\n", half) + "From: " + numbered("<a@h%d.example>, ", half) + end,
		"results and signatures":          "Authentication-Results: " + numbered("dkim=pass header.d=h%d.example;", half) + "\r\n" + numbered("DKIM-Signature: d=h%d.example\r\n", half) + end,
		"servers and comments":            numbered("Received: from h%d.example by a.example; x\r\n", half) + "Received: from " + times("(") + end,
		"names of files":                  "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + numbered("--b\r\nContent-Type: application/pdf; name=a%d.pdf\r\n\r\nx\r\n", 2*half) + "--b--\r\n",
		"a name of a file and its labels": "Content-Type: application/pdf; name=\"" + numbered("a%d.", half) + "\"\r\nContent-Disposition: attachment; filename=\"" + numbered("b%d.", half) + "\"" + end,
		"cids and pictures":               "Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n" + numbered("<img src=cid:%d>", half) + "\r\n" + numbered("--b\r\nContent-Type: image/png\r\nContent-ID: <%d>\r\n\r\nx\r\n", half) + "--b--\r\n",
	} {
		var cost wholeCost
		for range 3 {
			if cost = costOf(t, scorer, []byte(message)); cost.time <= wholeTime && cost.memory <= wholeMemory {
				break
			}
		}
		if cost.time > wholeTime || cost.memory > wholeMemory {
			t.Errorf("%s, %d bytes: %v", name, len(message), cost)
		} else {
			t.Logf("%s, %d bytes: %v", name, len(message), cost)
		}
	}
}

func BenchmarkWhole_repeated(b *testing.B) {
	scorer := wholeScorer(b)
	for _, seed := range repeated() {
		b.Run(strings.Trim(fmt.Sprintf("%.20q", seed[1]), `"`), func(b *testing.B) {
			message := whole([]byte(seed[0]), []byte(seed[1]), []byte(seed[2]))
			for b.Loop() {
				b.Log(costOf(b, scorer, message))
			}
		})
	}
}
