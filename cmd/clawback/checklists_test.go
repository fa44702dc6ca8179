package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"clawback/config"
)

// Feeds in files are looked at without --online, those on servers with it; none is bad, for mail is judged without
// them.
func TestCheckFeeds(t *testing.T) {
	there := filepath.Join(t.TempDir(), "list.txt")
	if err := os.WriteFile(there, []byte("evil.example\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := &config.Config{Feeds: []config.Feed{{Name: "good", File: there}, {Name: "lost", File: there + ".gone"},
		{Name: "folder", Format: "misp", File: filepath.Dir(there)}, {Name: "web", URL: "https://127.0.0.1:1/list?key=" + config.KeyMark,
			Auth: "url", Key: config.NewSecret("hush-hush")}}}
	list := checkFeeds(t.Context(), cfg, false)
	if len(list) != 3 {
		t.Fatalf("%+v", list)
	}
	wantFinding(t, "there", list[0], fine, "can be read")
	wantFinding(t, "not there", list[1], attention, "cannot be opened", "no such file", "[[feed]]")
	wantFinding(t, "no manifest", list[2], attention, "manifest.json")
	list = checkFeeds(t.Context(), cfg, true)
	if len(list) != 1 {
		t.Fatalf("%+v", list)
	}
	wantFinding(t, "inside", list[0], attention, "is not public")
	if strings.Contains(list[0].Text+list[0].Remedy, "hush") {
		t.Errorf("the key is told: %+v", list[0])
	}
}

func TestCheckWarningLists(t *testing.T) {
	file := filepath.Join(t.TempDir(), "warnings.txt")
	cfg := &config.Config{}
	if list := checkWarningLists(cfg); len(list) != 0 {
		t.Errorf("without lists: %+v", list)
	}
	cfg.Intel.WarningLists = []string{file}
	wantFinding(t, "not there", checkWarningLists(cfg)[0], bad, "warnings.txt", "does not start")
	if err := os.WriteFile(file, []byte("good.example\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantFinding(t, "there", checkWarningLists(cfg)[0], fine, "1 file")
}

// roundTrip answers in place of a server.
type roundTrip func(*http.Request) (*http.Response, error)

func (r roundTrip) RoundTrip(q *http.Request) (*http.Response, error) { return r(q) }

func TestCheckNetworks(t *testing.T) {
	answers := func(status int, body string) *http.Client {
		return &http.Client{Transport: roundTrip(func(q *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Status: http.StatusText(status), Request: q,
				Body: io.NopCloser(strings.NewReader(body))}, nil
		})}
	}
	asked := config.Networks{URL: "https://endpoints.example/worldwide"}
	wantFinding(t, "off", checkNetworks(t.Context(), config.Networks{}, nil), fine, "networks.url is empty")
	wantFinding(t, "away", checkNetworks(t.Context(), asked, answers(503, "")), attention, "fetch list",
		"outgoing HTTPS")
	wantFinding(t, "not believed", checkNetworks(t.Context(), asked, answers(200, "[]")), attention, "last good list")
}
