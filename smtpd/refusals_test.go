package smtpd

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
)

func peerOf(network, addr string) *peer {
	return &peer{id: "S", network: network, remote: addr + ":1", addr: netip.MustParseAddr(addr)}
}

// A flood of refusals leaves its first line and a number.
func TestRefusals_areSummedUp(t *testing.T) {
	var out bytes.Buffer
	r := newRefusals(slog.New(slog.NewTextHandler(&out, nil)))
	for range 1000 {
		r.add(peerOf("", "192.0.2.1"), slog.LevelInfo, refusal{event: "smtp.recipient.refused", why: "550 No such recipient here"})
		r.add(peerOf("", "192.0.2.200"), slog.LevelInfo, refusal{event: "smtp.recipient.refused", why: "550 No such recipient here"})
		r.add(peerOf("exchange-online", "40.92.0.1"), slog.LevelInfo, refusal{event: "smtp.recipient.refused", why: "550 No such recipient here"})
		r.add(peerOf("", "192.0.2.1"), slog.LevelInfo, refusal{event: "smtp.recipient.refused", why: "451 Try again later"})
	}
	if n := strings.Count(out.String(), "\n"); n != 3 {
		t.Errorf("%d lines, want 3\n%s", n, &out)
	}
	out.Reset()
	r.summarize()
	for _, want := range []string{
		`why="451 Try again later" from=192.0.2.0/24 count=999`,
		`why="550 No such recipient here" from=192.0.2.0/24 count=1999`,
		`why="550 No such recipient here" from=exchange-online count=999`,
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no line says %s\n%s", want, &out)
		}
	}
	out.Reset()
	r.summarize()
	if out.Len() > 0 {
		t.Errorf("the next minute repeats it:\n%s", &out)
	}
	r.add(peerOf("", "192.0.2.1"), slog.LevelInfo, refusal{event: "smtp.recipient.refused", why: "550 No such recipient here"})
	if n := strings.Count(out.String(), "\n"); n != 1 {
		t.Errorf("the first of the next minute: %d lines\n%s", n, &out)
	}
}

// Strangers of many networks neither fill the log nor the memory, and do not hide what Exchange is refused.
func TestRefusals_manyNetworks(t *testing.T) {
	var out bytes.Buffer
	r := newRefusals(slog.New(slog.NewTextHandler(&out, nil)))
	for i := range 100_000 {
		p := peerOf("", netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}).String())
		r.add(p, slog.LevelInfo, refusal{event: "smtp.session.refused", why: "too many sessions"})
	}
	r.add(peerOf("exchange-online", "40.92.0.1"), slog.LevelInfo, refusal{event: "smtp.recipient.refused", why: "451"})
	r.summarize()
	text := out.String()
	if n := strings.Count(text, "\n"); n > 2*maxRefusals+3 {
		t.Errorf("%d lines, want %d at most", n, 2*maxRefusals+3)
	}
	if !strings.Contains(text, "network=exchange-online") {
		t.Error("a refusal of Exchange's mail is not in the log")
	}
	logged, counted := strings.Count(text, "msg=refused")-1, 0
	for _, line := range strings.Split(text, "\n") {
		if _, n, ok := strings.Cut(line, "count="); ok {
			var c int
			fmt.Sscan(n, &c)
			counted += c
		}
	}
	if logged+counted != 100_000 {
		t.Errorf("%d refusals are told of, want 100,000", logged+counted)
	}
}
