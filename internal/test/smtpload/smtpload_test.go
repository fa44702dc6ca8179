package smtpload

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

func TestStuff(t *testing.T) {
	for body, want := range map[string]string{
		"":               "\r\n.\r\n",
		"a\r\n":          "a\r\n.\r\n",
		"a":              "a\r\n.\r\n",
		".a\r\n..\r\n.":  "..a\r\n...\r\n..\r\n.\r\n",
		"a\n.b\r.c\r\n":  "a\n.b\r.c\r\n.\r\n",
		"\r\n.\r\n.\r\n": "\r\n..\r\n..\r\n.\r\n",
	} {
		if got := string(Stuff(nil, []byte(body))); got != want {
			t.Errorf("%q: got %q, want %q", body, got, want)
		}
	}
}

func TestFiller_hasItsSizeAndKey(t *testing.T) {
	for _, size := range []int{200, 5_000, 50_000} {
		m := Filler(size)(3, 4)
		if len(m.Body) != size || !strings.Contains(string(m.Body), "<"+m.Key+">") ||
			!strings.HasSuffix(string(m.Body), "\r\n") {
			t.Errorf("%d: %d octets, key %s", size, len(m.Body), m.Key)
		}
	}
	if Filler(100)(0, 1).Key == Filler(100)(1, 0).Key {
		t.Error("keys are not unique")
	}
}

func TestLatencies_quantiles(t *testing.T) {
	var l []time.Duration
	for i := 1000; i > 0; i-- {
		l = append(l, time.Duration(i))
	}
	s := sorted(l)
	for q, want := range map[float64]time.Duration{0: 1, .5: 500, .99: 990, .999: 999, 1: 1000} {
		if got := s.Quantile(q); got != want {
			t.Errorf("%v: %d, want %d", q, got, want)
		}
	}
	if Latencies(nil).Quantile(.5) != 0 {
		t.Error("none")
	}
}

// script is a server that answers each line from a list, "" for not at all, and closes after the last.
func script(t *testing.T, replies ...string) *Conn {
	t.Helper()
	client, server := net.Pipe()
	go func() {
		defer server.Close()
		in := bufio.NewReader(server)
		for _, r := range replies {
			if _, err := in.ReadString('\n'); err != nil {
				return
			}
			if r != "" {
				fmt.Fprint(server, r)
			}
		}
	}()
	c := &Conn{Timeout: 5 * time.Second}
	c.use(client)
	t.Cleanup(func() { c.Close() })
	return c
}

func TestReply_readsAllLines(t *testing.T) {
	c := script(t, "250-one\r\n250-two\r\n250 three\r\n", "220\r\n", "ab\r\n")
	r, err := c.Cmd("EHLO x")
	if err != nil || r.Code != 250 || strings.Join(r.Lines, ",") != "one,two,three" {
		t.Errorf("%v %v", r, err)
	}
	if r, err = c.Cmd("NOOP"); err != nil || r.Code != 220 {
		t.Errorf("%v %v", r, err)
	}
	if _, err = c.Cmd("NOOP"); err == nil {
		t.Error("malformed reply, no error")
	}
}

// I1, I2: what got 250 is accepted; what was sent and not answered is neither accepted nor refused.
func TestSession_listsEachMessageOnce(t *testing.T) {
	s := &session{o: &Options{To: []string{"a@example.com"}, Verb: DATA, Stepwise: true}}
	s.conn = script(t,
		"250 ok\r\n", "250 ok\r\n", "354 go\r\n", "", "250 2.0.0 queued as q1\r\n",
		"250 ok\r\n", "550 no\r\n", "250 reset\r\n",
		"250 ok\r\n", "250 ok\r\n", "354 go\r\n", "")
	for _, key := range []string{"taken", "refused", "lost"} {
		if s.err == nil {
			s.send(Message{Key: key, Body: []byte("x")})
		}
	}
	if len(s.accepted) != 1 || s.accepted[0].Key != "taken" || s.accepted[0].Reply != "2.0.0 queued as q1" {
		t.Errorf("accepted %+v", s.accepted)
	}
	if len(s.refused) != 1 || s.refused[0].Key != "refused" {
		t.Errorf("refused %+v", s.refused)
	}
	if s.unanswered != "lost" || s.err == nil {
		t.Errorf("unanswered %q, %v", s.unanswered, s.err)
	}
}

func TestRun_refusesOptionsWithoutSense(t *testing.T) {
	for _, o := range []Options{{}, {Address: "x"}, {Address: "x", To: []string{"a"}, Verb: "SEND"}} {
		if _, err := Run(t.Context(), o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
}
