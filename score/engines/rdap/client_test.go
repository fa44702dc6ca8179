package rdap

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/score/engines"
)

func TestAsk_learnsTheDateOfWhatWasRegistered(t *testing.T) {
	for _, c := range []struct{ host, domain, date string }{
		{"young.com", "young.com", "2026-11-19T08:00:00Z"},
		{"mail.eu.old.com", "old.com", "1997-04-01T00:00:00+02:00"},
		{"shop.co.uk", "shop.co.uk", "2026-11-20T23:59:59.123Z"}, // a suffix of two labels
		{"почта.пример.рф", "xn--e1afmkfd.xn--p1ai", "2026-10-01T00:00:00Z"},
		{"xn--e1afmkfd.xn--p1ai.", "xn--e1afmkfd.xn--p1ai", "2026-10-01T00:00:00Z"},
	} {
		b := ready(t)
		b.registry.set(c.domain, respond(registeredOn(c.domain, c.date)))
		want, _ := time.Parse(time.RFC3339, c.date)
		if got, err := b.age(t, c.host); err != nil || got != want.UTC().Format(time.DateOnly) {
			t.Errorf("%s: %s, %v, want %s", c.host, got, err, c.date)
		}
		if diff := cmp.Diff([]string{c.domain}, b.registry.asked); diff != "" {
			t.Errorf("%s: asked for (-want +got):\n%s", c.host, diff)
		}
		if b.registry.accept[0] != "application/rdap+json" {
			t.Errorf("%s: asked for %s", c.host, b.registry.accept[0])
		}
	}
}

func TestAsk_itsSentenceSaysWhoSaidItAndWhen(t *testing.T) {
	b := ready(t)
	b.registry.set("young.com", respond(registeredOn("young.com", "2026-11-19T08:00:00Z")))
	want := engines.Finding{Engine: "rdap", Registered: time.Date(2026, 11, 19, 8, 0, 0, 0, time.UTC),
		Text: "young.com was registered on 2026-11-19, as " + b.registry.Listener.Addr().String() + " said on 2026-11-21."}
	for range 2 { // asked, and kept
		got, err := b.Ask(t.Context(), engines.Message{Author: "young.com"})
		if diff := cmp.Diff([]engines.Finding{want}, got); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
}

// What no server can tell is said, and is no error: nobody has to mend it.
func TestAsk_whatCannotBeKnownIsSaid(t *testing.T) {
	b := ready(t)
	b.registry.set("dateless.com", respond(object("dateless.com", event("expiration", "2030-01-01T00:00:00Z"))))
	b.registry.set("odd.com", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) })
	for host, want := range map[string]string{
		"nobody.com":        "nobody.com is not known: 127.0.0.1:PORT was asked on 2026-11-21, and knows no such domain",
		"dateless.com":      "dateless.com is not known: 127.0.0.1:PORT was asked on 2026-11-21, and names no date of registration",
		"odd.com":           "odd.com is not known: 127.0.0.1:PORT was asked on 2026-11-21, and does not answer for this name (400 Bad Request)",
		"a.de":              "a.de is not known: no RDAP server with https is listed for its top-level domain",
		"someone.github.io": "someone.github.io is not known: github.io gives such names itself",
		"com":               "com is not known: that is no name under a public suffix",
		"a b.com":           "that is not the name of a domain",
		"a/../../x.com":     "that is not the name of a domain",
		"a_b.com":           "that is not the name of a domain",
		"192.0.2.1":         "is not known",
	} {
		_, port, _ := strings.Cut(b.registry.Listener.Addr().String(), ":")
		got, err := b.age(t, host)
		if want = strings.ReplaceAll(want, "PORT", port); err != nil || !strings.Contains(got, want) {
			t.Errorf("%s: %q, %v; want %q", host, got, err, want)
		}
	}
	if s := b.Status(); s.Unknown != 10 || s.Asked != 3 || s.Failed != 0 {
		t.Errorf("status %+v", s)
	}
}

func TestAsk_aBadAnswerIsAnErrorAndNoDate(t *testing.T) {
	const on = "2026-11-19T00:00:00Z"
	for name, c := range map[string]struct {
		reply http.HandlerFunc
		want  string
	}{
		"no JSON":        {respond("<html>please sign in</html>"), "read answer"},
		"half of it":     {respond(registeredOn("x.com", on)[:300]), "read answer"},
		"empty":          {respond(""), "read answer"},
		"a list":         {respond("[]"), "read answer"},
		"another domain": {respond(registeredOn("y.com", on)), `about "domain" "y.com"`},
		"another thing":  {respond(`{"objectClassName":"entity","handle":"x.com"}`), `about "entity"`},
		"huge":           {respond(`{"notices":"` + strings.Repeat("x", maxAnswer) + `"}`), "more than 512 KiB"},
		"a server's woe": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "500"},
		"forbidden":      {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }, "403"},
		"ends in the middle": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			w.Write([]byte("{"))
		}, "unexpected EOF"},
	} {
		b := ready(t)
		b.registry.set("x.com", c.reply)
		got, err := b.age(t, "x.com")
		if err == nil || !strings.Contains(err.Error(), c.want) ||
			!strings.HasPrefix(err.Error(), "the age of x.com is not known: ") {
			t.Errorf("%s: %q, %v; want an error with %q", name, got, err, c.want)
		}
		if _, ok := b.cache.get("x.com", b.now); ok {
			t.Errorf("%s: it is kept", name)
		}
	}
}

func TestAsk_anAnswerIsKeptAcrossARestart(t *testing.T) {
	b := ready(t)
	b.registry.set("young.com", respond(registeredOn("young.com", "2026-11-19T08:00:00Z")))
	b.age(t, "young.com")
	b.age(t, "nobody.com")
	b.Close()
	b.open(t)
	b.registry.set("young.com", respond(registeredOn("young.com", "2001-01-01T00:00:00Z")))
	b.age(t, "nobody.com")
	if got, err := b.age(t, "young.com"); got != "2026-11-19" || err != nil || b.registry.questions() != 2 {
		t.Errorf("%s, %v after %d questions, want the kept answer", got, err, b.registry.questions())
	}
	b.now = b.now.Add(keepUnknown)
	if b.age(t, "nobody.com"); b.registry.questions() != 3 {
		t.Error("a domain that was not known is not asked for again")
	}
	b.now = b.now.Add(keepKnown)
	if got, _ := b.age(t, "young.com"); got != "2001-01-01" {
		t.Errorf("a date is kept for ever: %s", got)
	}
}

func TestAsk_nobodyIsAskedWithoutAnAuthorOrAList(t *testing.T) {
	b := newBench(t)
	if found, err := b.Ask(t.Context(), engines.Message{}); found != nil || err != nil {
		t.Errorf("no author: %+v, %v", found, err)
	}
	if _, err := b.age(t, "x.com"); !errors.Is(err, errNoList) {
		t.Errorf("no list: %v", err)
	}
	if s := b.Status(); b.registry.questions() != 0 || s.Failed != 1 {
		t.Errorf("%d questions, status %+v", b.registry.questions(), s)
	}
}

func TestAsk_oneServerForAll(t *testing.T) {
	b := newBench(t)
	b.config.Server = b.registry.URL + "/rdap" // without a slash at its end
	b.Close()
	b.open(t)
	b.registry.set("a.de", respond(registeredOn("a.de", "2026-11-19T08:00:00Z")))
	if got, err := b.age(t, "www.a.de"); got != "2026-11-19" || err != nil {
		t.Errorf("%s, %v", got, err)
	}
	if s := b.Status(); !s.One || s.URL != b.config.Server || s.Known != 1 {
		t.Errorf("status %+v", s)
	}
}

func TestCheck_saysWhatWasSeen(t *testing.T) {
	b := newBench(t)
	b.registry.set("example.com", respond(registeredOn("example.com", "1995-08-14T04:00:00Z")))
	if got, err := b.Check(t.Context()); err != nil ||
		!strings.Contains(got, "3 suffixes; example.com was registered on 1995-08-14") {
		t.Errorf("%q, %v", got, err)
	}
	b.registry.Close()
	if got, err := b.Check(t.Context()); err == nil {
		t.Errorf("nobody is there, and it says %q", got)
	}
}

func TestAsk_byManyWhileTheListIsFetched(t *testing.T) {
	b := ready(t)
	b.registry.set("young.com", respond(registeredOn("young.com", "2026-11-19T08:00:00Z")))
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for _, host := range []string{"young.com", fmt.Sprintf("d%d.com", i%2)} {
				if found, err := b.Ask(t.Context(), engines.Message{Author: host}); len(found) != 1 || err != nil {
					t.Errorf("%s: %+v, %v", host, found, err)
				}
			}
		})
	}
	for range 5 {
		if err := b.refresh(t.Context()); err != nil {
			t.Error(err)
		}
		b.Status()
	}
	all.Wait()
	if s := b.Status(); s.Known != 8 || s.Unknown != 8 || b.registry.questions() != 3 {
		t.Errorf("status %+v", s)
	}
}
