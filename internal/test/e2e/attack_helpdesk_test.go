package e2e

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"clawback/api"
	"clawback/api/client"
	"clawback/internal/test/needs"
)

// Attacks by accounts of the host and by people at its socket.

// An account of the host that is not in the daemon's group reaches nothing: not the socket, wherever it lies, nor what
// the daemon keeps.
func TestAttack_otherAccountOfTheHost(t *testing.T) {
	needs.Root(t, "to try as another account")
	w := start(t, contoso)
	w.send(w.report("01-credential-phish.eml"))
	w.seen(phishID)
	if err := os.Chmod(w.Dir, 0o755); err != nil { // as if somebody had opened the way to it
		t.Fatal(err)
	}
	const nobody = 65534
	names := entries(t, w.Dir)
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and the thread ends with the goroutine
		if err := unix.Setfsgid(nobody); err != nil {
			t.Error(err)
		}
		if err := unix.Setfsuid(nobody); err != nil {
			t.Error(err)
			return
		}
		if conn, err := net.Dial("unix", w.File("control.sock")); err == nil {
			conn.Close()
			t.Error("another account is connected to the socket")
		}
		for _, name := range names {
			f, err := os.Open(w.File(name))
			if err != nil {
				continue
			}
			f.Close()
			if strings.HasPrefix(name, "state") || strings.HasSuffix(name, ".secret") {
				t.Errorf("another account can open %s", name)
			}
		}
	}()
	<-done
	if _, err := w.cli("status"); err != nil {
		t.Errorf("the daemon's own: %v", err)
	}
}

func entries(t *testing.T, dir string) (names []string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

// Who may ask asks for what steers a terminal, for what costs much, and hands over what is far too large: each is
// refused or comes back plain, the daemon goes on, and no mail is moved by it.
func TestAttack_hostileValuesAtTheSocket(t *testing.T) {
	w := start(t, contoso)
	hostile := strings.Replace(string(w.report("04-colleague.eml")), "Subject: ",
		"Subject: =?utf-8?q?=1B=5D0;owned=07=E2=80=AE=3Dcmd=28=29?= ", -1)
	kept := w.deliver("sales@contoso.example", "", w.original([]byte(hostile)))
	w.send([]byte(hostile))
	w.eventually(func() string {
		if out := w.must("status"); !strings.Contains(out, "1 report processed") {
			return out
		}
		return ""
	})
	var said strings.Builder
	values := []string{"\x1b[31m.evil.example", "https://evil.example/\u202ecod.exe", "=cmd|' /C calc'!A0", "+evil.example", "evil.example\r\nX: y", "*", ".", "com", "0.0.0.0/0",
		"contoso.example", "https://www.contoso.example/", "google.com", "sales@contoso.example", "@contoso.example", strings.Repeat("a.", 2000) + "example",
		"https://evil.example/" + strings.Repeat("x", 100_000)}
	for _, v := range values {
		for _, args := range [][]string{{"intel", "add", v, "--note", v[:min(len(v), 1000)]}, {"intel", "explain", v}, {"intel", "add", v, "--json"}, {"search", v}, {"search", "subject:" + v, "--json"},
			{"search", "link:\"" + v + "\"", "--csv"}, {"search", "from:" + v, "--count"}, {"show", v}, {"held", "list", "--tenant", v}, {"policy", "list", "--tenant", v}} {
			out, err := w.cli(args...)
			said.WriteString(out)
			if err != nil {
				said.WriteString(err.Error())
			}
		}
	}
	for _, args := range [][]string{{"intel", "list"}, {"intel", "list", "--json"}, {"search"}, {"search", "--json"}, {"search", "--csv"}, {"audit"}, {"audit", "--json"}, {"status"}} {
		said.WriteString(w.must(args...))
	}
	said.WriteString(w.log())
	if i := strings.IndexAny(said.String(), "\x1b\x07\u202e"); i >= 0 {
		t.Errorf("it steers a terminal: %q", said.String()[max(0, i-200):min(said.Len(), i+100)])
	}
	for n := range 3 {
		w.tooLarge(n)
	}
	if at := w.where(kept); at != "inbox" || len(w.Sim.Changed()) > 0 {
		t.Errorf("the good message lies in %s, changed: %v", at, w.Sim.Changed())
	}
	if out := w.must("status"); !strings.Contains(out, "contoso") {
		t.Error(out)
	}
}

// tooLarge hands over ten megabytes where some words belong.
func (w *world) tooLarge(n int) {
	w.t.Helper()
	huge := strings.Repeat("a", 10<<20)
	ctx := w.t.Context()
	for name, ask := range map[string]func() error{
		"an indicator": func() error {
			_, err := client.Do(ctx, w.Client, api.AddIndicator, api.NewIndicator{Value: huge})
			return err
		},
		"a note": func() error {
			_, err := client.Do(ctx, w.Client, api.AddIndicator, api.NewIndicator{Value: fmt.Sprintf("h%d.evil.example", n), Note: huge})
			return err
		},
		"an end": func() error {
			_, err := client.Do(ctx, w.Client, api.AddIndicator, api.NewIndicator{Value: fmt.Sprintf("i%d.evil.example", n), Until: time.Unix(1<<50, 0)})
			return err
		},
		"a query": func() error {
			_, err := client.Do(ctx, w.Client, api.CountRecords, api.Search{Query: huge})
			return err
		},
	} {
		if err := ask(); err == nil {
			w.t.Errorf("%s of ten megabytes, or without an end, is taken", name)
		}
	}
}
