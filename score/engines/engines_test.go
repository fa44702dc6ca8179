package engines

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

const mail = "From: a@example.com\r\n\r\nhello\r\n"

func message() Message {
	return Message{Body: strings.NewReader(mail), Size: int64(len(mail)), IP: netip.MustParseAddr("192.0.2.7"), Domains: []string{"bad.example"}}
}

// serve answers one connection with f.
func serve(t *testing.T, f func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		f(conn)
	}()
	return l.Addr().String()
}

func readInstream(r io.Reader) string {
	var command [10]byte
	var body bytes.Buffer
	if _, err := io.ReadFull(r, command[:]); err != nil || string(command[:]) != "zINSTREAM\x00" {
		return "no command"
	}
	for {
		var size uint32
		if binary.Read(r, binary.BigEndian, &size) != nil || size == 0 {
			return body.String()
		}
		io.CopyN(&body, r, int64(size))
	}
}

func TestClamAV_answers(t *testing.T) {
	for _, c := range []struct {
		answer string
		hard   bool
		fails  bool
	}{
		{"stream: OK\x00", false, false},
		{"stream: Own.Test.Signature FOUND\x00", true, false},
		{"INSTREAM size limit exceeded. ERROR\x00", false, true},
		{"", false, true},
	} {
		got := make(chan string, 1)
		address := serve(t, func(conn net.Conn) {
			got <- readInstream(conn)
			io.WriteString(conn, c.answer)
		})
		found, err := ClamAV{address}.Ask(t.Context(), message())
		if body := <-got; body != mail {
			t.Errorf("clamd was sent %q", body)
		}
		if (err != nil) != c.fails || (len(found) == 1 && found[0].Hard) != c.hard {
			t.Errorf("%q: %+v, %v", c.answer, found, err)
		}
	}
}

func TestSpamAssassin_answers(t *testing.T) {
	for _, c := range []struct {
		answer string
		points float64
		fails  bool
	}{
		{"SPAMD/1.1 0 EX_OK\r\nSpam: True ; 7.5 / 5.0\r\n\r\nBAYES_99,URI_PHISH\r\n", 3, false},
		{"SPAMD/1.1 0 EX_OK\r\nSpam: False ; 0.1 / 5.0\r\n\r\n\r\n", 0, false},
		{"SPAMD/1.0 76 Bad header line\r\n", 0, true},
		{"SPAMD/1.1 0 EX_OK\r\nSpam: True ; x / y\r\n\r\n\r\n", 0, true},
	} {
		address := serve(t, func(conn net.Conn) {
			io.ReadFull(conn, make([]byte, len("SYMBOLS SPAMC/1.5\r\nContent-length: 30\r\n\r\n")+len(mail)-2))
			io.WriteString(conn, c.answer)
		})
		found, err := SpamAssassin{address}.Ask(t.Context(), message())
		points := 0.0
		for _, f := range found {
			points += f.Points
		}
		if (err != nil) != c.fails || points != c.points {
			t.Errorf("%q: %+v, %v", c.answer, found, err)
		}
	}
}

func TestRspamd_answers(t *testing.T) {
	for _, c := range []struct {
		status int
		answer string
		points float64
		fails  bool
	}{
		{200, `{"score":9,"required_score":15,"action":"add header","symbols":{"PHISHING":{"score":4},"OK":{"score":-1}}}`, 3, false},
		{200, `{"score":1,"action":"no action"}`, 0, false},
		{200, `{}`, 0, true},
		{200, `<html>`, 0, true},
		{500, ``, 0, true},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/checkv2" || r.Header.Get("Ip") != "192.0.2.7" {
				t.Errorf("asked %s with %v", r.URL, r.Header)
			}
			w.WriteHeader(c.status)
			io.WriteString(w, c.answer)
		}))
		found, err := Rspamd{URL: server.URL}.Ask(t.Context(), message())
		server.Close()
		points := 0.0
		for _, f := range found {
			points += f.Points
		}
		if (err != nil) != c.fails || points != c.points {
			t.Errorf("%s: %+v, %v", c.answer, found, err)
		}
	}
}

func TestDNSLists_errorCodesAreNeverHits(t *testing.T) {
	for _, c := range []struct {
		zone, code string
		hit, fails bool
	}{
		{"zen.example", "127.0.0.2", true, false},
		{"zen.example", "127.0.0.11", false, false},
		{"zen.example", "127.255.255.254", false, true},
		{"zen.example", "127.255.255.252", false, true},
		{"zen.example", "198.51.100.1", false, false},
		{"dbl.example", "127.0.1.4", true, false},
		{"dbl.example", "127.0.1.255", false, true},
		{"multi.example", "127.0.0.8", true, false},
		{"multi.example", "127.0.0.1", false, true},
		{"zen.example", "", false, false},
	} {
		list := DNSLists{Zones: []string{c.zone}, Lookup: func(context.Context, string) ([]netip.Addr, error) {
			if c.code == "" {
				return nil, &net.DNSError{IsNotFound: true}
			}
			return []netip.Addr{netip.MustParseAddr(c.code)}, nil
		}}
		found, err := list.Ask(t.Context(), message())
		if (len(found) == 1) != c.hit || (err != nil) != c.fails {
			t.Errorf("%s %s: %+v, %v", c.zone, c.code, found, err)
		}
	}
}

func TestDNSLists_asksReversedAddressesAndDomains(t *testing.T) {
	var asked []string
	var mu sync.Mutex
	list := DNSLists{Zones: []string{"zen.example", "dbl.example"}, Lookup: func(_ context.Context, name string) ([]netip.Addr, error) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, name)
		return nil, &net.DNSError{IsNotFound: true}
	}}
	if _, err := list.Ask(t.Context(), message()); err != nil {
		t.Fatal(err)
	}
	slices.Sort(asked)
	if diff := cmp.Diff([]string{"7.2.0.192.zen.example", "bad.example.dbl.example"}, asked); diff != "" {
		t.Error(diff)
	}
}

// Names are asked for at once, and the answer does not depend on which came first.
func TestDNSLists_oneSlowNameHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := message()
		m.Domains = nil
		for i := range maxNames {
			m.Domains = append(m.Domains, fmt.Sprintf("d%03d.example", i))
		}
		list := DNSLists{Zones: []string{"dbl.example"}, Lookup: func(ctx context.Context, name string) ([]netip.Addr, error) {
			if name == "d000.example.dbl.example" || name == "d001.example.dbl.example" {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			time.Sleep(time.Second)
			return []netip.Addr{netip.MustParseAddr("127.0.1.4")}, nil
		}}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		found, err := list.Ask(ctx, m)
		if len(found) != maxNames-2 || !strings.HasPrefix(found[0].Text, "d002.example") ||
			!strings.HasPrefix(found[len(found)-1].Text, "d049.example") {
			t.Errorf("%d findings of %d, in the order %+v", len(found), maxNames-2, found)
		}
		if err == nil || strings.Count(err.Error(), "dbl.example") != 1 {
			t.Errorf("the zone's problem is told as %v, want it once", err)
		}
	})
}

func TestDNSLists_moreNamesThanAreAskedForIsReported(t *testing.T) {
	asked := 0
	var lock sync.Mutex
	list := DNSLists{Zones: []string{"dbl.example", "zen.example"}, Lookup: func(context.Context, string) ([]netip.Addr, error) {
		lock.Lock()
		defer lock.Unlock()
		asked++
		return nil, &net.DNSError{IsNotFound: true}
	}}
	for domains, want := range map[int]int{maxNames: 0, maxNames + 1: 1, 3 * maxNames: 1} {
		m := message()
		m.Domains = nil
		for i := range domains {
			m.Domains = append(m.Domains, fmt.Sprintf("d%03d.example", i))
		}
		asked = 0
		found, err := list.Ask(t.Context(), m)
		if err != nil || len(found) != want || asked != maxNames+1 {
			t.Errorf("%d domains: findings %+v, %v, %d names asked for", domains, found, err, asked)
		}
		if want == 1 && (!found[0].NotAsked || !strings.Contains(found[0].Text, fmt.Sprint(domains))) {
			t.Errorf("%d domains: %+v", domains, found[0])
		}
	}
}

// slow is an engine that never answers.
type slow struct{}

func (slow) Name() string { return "slow" }
func (slow) Ask(ctx context.Context, _ Message) ([]Finding, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

type quick struct{ err error }

func (quick) Name() string { return "quick" }
func (q quick) Ask(context.Context, Message) ([]Finding, error) {
	return []Finding{{Engine: "quick", Points: 1}}, q.err
}

func TestAsk_oneThatHangsDegradesAndDoesNotBlock(t *testing.T) {
	started := time.Now()
	found, degraded := Set{[]Engine{slow{}, quick{}}, 50 * time.Millisecond}.Ask(t.Context(), message())
	if took := time.Since(started); took > time.Minute {
		t.Errorf("took %v", took)
	}
	if len(found) != 1 || len(degraded) != 1 || !strings.HasPrefix(degraded[0], "slow: ") {
		t.Errorf("found %+v, degraded %v", found, degraded)
	}
}

func TestAsk_aRefusedConnectionIsNamed(t *testing.T) {
	_, degraded := Set{[]Engine{ClamAV{"127.0.0.1:1"}, quick{errors.New("half an answer")}}, time.Second}.Ask(t.Context(), message())
	if len(degraded) != 2 || !strings.Contains(degraded[0], "clamav: connect") ||
		!strings.Contains(fmt.Sprint(degraded), "half an answer") {
		t.Errorf("degraded %v", degraded)
	}
}

// broken is an engine that has a fault of ours.
type broken struct{}

func (broken) Name() string                                    { return "broken" }
func (broken) Ask(context.Context, Message) ([]Finding, error) { panic("no such index") }

func TestAsk_aPanicDegradesAndEndsNothing(t *testing.T) {
	found, degraded := Set{[]Engine{broken{}, quick{}}, time.Second}.Ask(t.Context(), message())
	if len(found) != 1 || len(degraded) != 1 || degraded[0] != "broken: panic: no such index" {
		t.Errorf("found %+v, degraded %v", found, degraded)
	}
}
