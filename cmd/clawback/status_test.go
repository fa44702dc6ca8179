package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clawback/api"
	"clawback/api/client"
	"clawback/api/routes"
)

// A monitor is told the worst of what stands, first of all; and that it cannot be known is not that all is well.
func TestMonitored_theWorstCounts(t *testing.T) {
	notice := func(kind string, s api.Severity) api.Notice {
		return api.Notice{Kind: kind, Severity: s, Text: kind + " text", Since: time.Now().Add(-3 * time.Hour)}
	}
	low, high := notice("low", api.Warning), notice("high", api.Critical)
	for name, c := range map[string]struct {
		notices []api.Notice
		err     error
		want    exitStatus
		text    string
	}{
		"nothing":       {nil, nil, monitorOK, "nothing needs a person"},
		"warning":       {[]api.Notice{low}, nil, monitorWarning, "low text (low, for 3 hours, since"},
		"two warnings":  {[]api.Notice{low, low}, nil, monitorWarning, "; and 1 more"},
		"critical last": {[]api.Notice{low, low, high}, nil, monitorCritical, "high text (high, critical, for 3 hours"},
		"away":          {nil, &api.Error{Code: api.Unreachable, Detail: "no daemon answers"}, monitorCritical, "no daemon answers"},
		"hangs":         {nil, context.DeadlineExceeded, monitorCritical, "deadline"},
		"forbidden":     {nil, &api.Error{Code: api.Forbidden, Detail: "no permission"}, monitorUnknown, "no permission"},
		"fault":         {nil, errors.New("broken"), monitorUnknown, "broken"},
	} {
		state, text := monitored(api.Status{Notices: c.notices}, c.err)
		if state != c.want || !strings.Contains(text, c.text) {
			t.Errorf("%s: %s %q, want %s %q", name, monitorWords[state], text, monitorWords[c.want], c.text)
		}
	}
}

// How long a trouble has stood is told in words that fit behind "for".
func TestLasting(t *testing.T) {
	now := time.Now()
	for before, want := range map[time.Duration]string{
		0: "a moment", 400 * time.Millisecond: "a moment", 3 * time.Second: "3 seconds", 2 * time.Hour: "2 hours",
		49 * time.Hour: "2 days",
	} {
		if got := lasting(now.Add(-before), now); got != want {
			t.Errorf("%s: %q, want %q", before, got, want)
		}
	}
}

// --watch goes on while the daemon restarts, steers no terminal that is not there, and ends with status 0.
func TestStatus_watchOutlivesARestart(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	path, asked := filepath.Join(t.TempDir(), "s"), 0
	serve := func() *http.Server {
		ln, err := net.Listen("unix", path)
		must(t, err)
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			asked++
			routes.WriteJSON(w, 200, api.Status{Version: "test"})
		})}
		go server.Serve(ln)
		return server
	}
	server := serve()
	var out, errOut bytes.Buffer
	rounds := 0
	a := &app{ctx: ctx, in: strings.NewReader(""), client: client.New(path), errOut: &errOut}
	a.out = writes(func(p []byte) (int, error) {
		if bytes.HasPrefix(p, []byte("20")) { // a round begins by its time
			switch rounds++; rounds {
			case 2:
				server.Close()
			case 3:
				server = serve()
			case 4:
				cancel()
			}
		}
		return out.Write(p)
	})
	a.raw = a.out
	if err := a.watchStatus(time.Millisecond); err != nil {
		t.Fatal(err)
	}
	server.Close()
	if asked != 2 || !strings.Contains(errOut.String(), "no daemon answers") {
		t.Errorf("it was answered %d times\n%s\n%s", asked, out.String(), errOut.String())
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Errorf("it steers what is no terminal: %q", out.String())
	}
}

type writes func([]byte) (int, error)

func (w writes) Write(p []byte) (int, error) { return w(p) }

var _ io.Writer = writes(nil)
