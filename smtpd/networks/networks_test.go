package networks

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/config"
)

func open(t *testing.T, c config.Networks, o Options) *Sets {
	t.Helper()
	s, err := Open(c, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestName_findsTheSetOfAnAddress(t *testing.T) {
	s := open(t, config.Networks{Sets: []config.Network{{Name: "office", Prefixes: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}}}, Options{})
	all := []string{"exchange-online", "office", "2001:db8::/32"}
	for _, row := range []struct {
		addr    string
		allowed []string
		want    string
	}{
		{"40.92.1.2", all, "exchange-online"},
		{"40.93.255.255", all, "exchange-online"},
		{"40.94.0.0", all, ""},
		{"104.47.127.255", all, "exchange-online"},
		{"104.47.128.0", all, ""},
		{"::ffff:40.107.3.4", all, "exchange-online"}, // a dual-stack socket gives IPv4 peers so
		{"2a01:111:f403:c100::1", all, "exchange-online"},
		{"2a01:111:f402::1", all, ""},
		{"192.0.2.9", all, "office"},
		{"192.0.2.9", []string{"exchange-online"}, ""},
		{"2001:db8::5", all, "2001:db8::/32"},
		{"fe80::1%eth0", []string{"fe80::/10"}, "fe80::/10"},
		{"40.92.1.2", nil, ""},
		{"40.92.1.2", []string{"unknown", ""}, ""},
	} {
		if got := s.Name(netip.MustParseAddr(row.addr), row.allowed); got != row.want {
			t.Errorf("%s in %q is of %q, want %q", row.addr, row.allowed, got, row.want)
		}
	}
	if got := s.Name(netip.Addr{}, all); got != "" {
		t.Errorf("no address at all is of %q", got)
	}
}

// Exchange Online's addresses are known as such under whatever name a listener has them.
func TestExchange_isKnownUnderAnyName(t *testing.T) {
	prefix := func(s string) []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix(s)} }
	s := open(t, config.Networks{Sets: []config.Network{
		{Name: "office", Prefixes: prefix("192.0.2.0/24")},
		{Name: "microsoft", Prefixes: prefix("40.92.0.0/15")},
		{Name: "balancer", Prefixes: prefix("198.51.100.7/32"), ExchangeOnline: true},
	}}, Options{})
	for addr, want := range map[string]bool{
		"40.92.1.2": true, "::ffff:40.107.3.4": true, "2a01:111:f403:c100::1": true, "198.51.100.7": true,
		"198.51.100.8": false, "192.0.2.9": false, "2001:db8::5": false, "127.0.0.1": false,
	} {
		if got := s.Exchange(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: %v, want %v", addr, got, want)
		}
	}
	if got := s.Name(netip.MustParseAddr("40.92.1.2"), []string{"microsoft", "exchange-online"}); got != "microsoft" {
		t.Errorf("the name is %q", got)
	}
	if s.Exchange(netip.Addr{}) {
		t.Error("no address at all is Exchange Online's")
	}
}

// entry is an answer of the web service with one entry.
func entry(ips ...string) string {
	return fmt.Sprintf(`[{"id":1,"serviceArea":"Skype","urls":["*.teams.example"],"ips":["13.107.64.0/18"],"tcpPorts":"443"},
		{"id":10,"serviceArea":"Exchange","urls":["*.mail.protection.outlook.com"],"ips":["%s"],"tcpPorts":"25"}]`, strings.Join(ips, `","`))
}

// service is Microsoft's web service, with an answer that a test may change.
type service struct {
	*httptest.Server
	answer atomic.Value // string
	status atomic.Int32
	asked  atomic.Int32
}

func newService(t *testing.T) *service {
	s := &service{}
	s.status.Store(200)
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		if len(r.URL.Query().Get("clientrequestid")) != 36 {
			http.Error(w, "no clientrequestid", http.StatusBadRequest)
			return
		}
		w.WriteHeader(int(s.status.Load()))
		fmt.Fprint(w, s.answer.Load())
	}))
	t.Cleanup(s.Close)
	return s
}

func TestRefresh_usesAndKeepsANewList(t *testing.T) {
	web, dir := newService(t), t.TempDir()
	c := config.Networks{URL: web.URL, Interval: time.Hour}
	o := Options{StateDir: dir, Client: web.Client()}
	web.answer.Store(entry("40.92.0.0/15", "40.107.0.0/16", "52.96.0.0/12", "2a01:111:f400::/48"))
	s := open(t, c, o)
	if err := s.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	new := netip.MustParseAddr("52.97.1.1") // not in the shipped list
	if got := s.Name(new, []string{"exchange-online"}); got != "exchange-online" {
		t.Error("the new list is not in use")
	}
	again := open(t, c, o)
	if got := again.Name(new, []string{"exchange-online"}); got != "exchange-online" || again.Status().Source != "saved" {
		t.Errorf("after a restart the address is of %q, status %+v", got, again.Status())
	}
}

func TestRefresh_keepsTheOldListWhenTheNewOneIsNotBelieved(t *testing.T) {
	wide := make([]string, 0, 600)
	for i := range 600 {
		wide = append(wide, fmt.Sprintf("40.%d.%d.0/24", 92+i/256, i%256))
	}
	for _, row := range []struct {
		name, answer, want string
		status             int
	}{
		{"the whole internet", entry("0.0.0.0/0"), "too wide", 200},
		{"the whole internet, IPv6", entry("40.92.0.0/15", "::/0"), "too wide", 200},
		{"nothing", `[]`, "no IPv4 prefix", 200},
		{"no mail entry", `[{"id":1,"serviceArea":"Exchange","urls":["outlook.office.com"],"ips":["40.92.0.0/15"],"tcpPorts":"443"}]`, "no IPv4 prefix", 200},
		{"another port", `[{"id":9,"serviceArea":"Exchange","urls":["*.protection.outlook.com"],"ips":["40.92.0.0/15"],"tcpPorts":"443"}]`, "no IPv4 prefix", 200},
		{"another service", `[{"id":9,"serviceArea":"Common","urls":["*.mail.protection.outlook.com"],"ips":["40.92.0.0/15"],"tcpPorts":"25"}]`, "no IPv4 prefix", 200},
		{"no addresses", entry(), "netip.ParsePrefix", 200},
		{"IPv6 alone", entry("2a01:111:f400::/48"), "no IPv4 prefix", 200},
		{"private", entry("10.0.0.0/16"), "not public", 200},
		{"loopback", entry("127.0.0.0/16"), "not public", 200},
		{"host bits", entry("40.92.0.1/15"), "usual form", 200},
		{"shrunk", entry("40.92.0.0/24"), "not believed", 200},
		{"grown", entry("40.64.0.0/10"), "not believed", 200},
		{"very many", entry(wide...), "600 prefixes", 200},
		{"a page", "<html>sign in</html>", "decode list", 200},
		{"an object", `{"error":"x"}`, "decode list", 200},
		{"a failure", entry("40.92.0.0/15"), "503", 503},
		{"too large", `["` + strings.Repeat("x", maxBody) + `"]`, "larger than", 200},
	} {
		t.Run(row.name, func(t *testing.T) {
			web, dir := newService(t), t.TempDir()
			web.answer.Store(entry("40.92.0.0/15", "40.107.0.0/16", "52.100.0.0/14", "104.47.0.0/17",
				"2a01:111:f400::/48"))
			s := open(t, config.Networks{URL: web.URL}, Options{StateDir: dir, Client: web.Client()})
			if err := s.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			web.answer.Store(row.answer)
			web.status.Store(int32(row.status))
			before := s.prefixes(config.ExchangeOnline)
			file, _ := os.ReadFile(s.file())
			err := s.Refresh(t.Context())
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("error is %v, want one that says %q", err, row.want)
			}
			if diff := cmp.Diff(before, s.prefixes(config.ExchangeOnline),
				cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
				t.Errorf("the list changed:\n%s", diff)
			}
			if s.Status().Problem == "" {
				t.Error("status shows no problem")
			}
			if after, err := os.ReadFile(s.file()); err != nil || string(after) != string(file) {
				t.Errorf("the good copy on disk was changed: %v", err)
			}
		})
	}
}

func TestRefresh_takesTheSmallListOfANationalCloud(t *testing.T) {
	web, dir := newService(t), t.TempDir()
	web.answer.Store(entry("23.103.191.0/24", "23.103.199.0/25"))
	c, o := config.Networks{URL: web.URL}, Options{StateDir: dir, Client: web.Client()}
	s := open(t, c, o)
	if err := s.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	addr := netip.MustParseAddr("23.103.191.7")
	if got := s.Name(addr, []string{config.ExchangeOnline}); got == "" {
		t.Error("the list is not in use")
	}
	if got := open(t, c, o).Status(); got.Source != "saved" || got.URL != web.URL {
		t.Errorf("after a restart status is %+v", got)
	}
	c.URL = "https://another.example.com"
	if got := open(t, c, o).Status(); got.Source != "shipped" {
		t.Errorf("a copy from another URL is used: %+v", got)
	}
}

func TestRefresh_followsNoRedirectToPlainHTTP(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, entry("40.92.0.0/15", "40.107.0.0/16", "52.100.0.0/14"))
	}))
	defer plain.Close()
	secure := httptest.NewTLSServer(http.RedirectHandler(plain.URL, http.StatusFound))
	defer secure.Close()
	s := open(t, config.Networks{URL: secure.URL}, Options{Client: secure.Client()})
	if err := s.Refresh(t.Context()); err == nil || !strings.Contains(err.Error(), "not https") {
		t.Errorf("error is %v, want one about https", err)
	}
}

// Without the last good copy the shipped list is used until Microsoft's is there, which is kept again.
func TestOpen_aLostCopyIsFetchedAnew(t *testing.T) {
	web, dir := newService(t), t.TempDir()
	c := config.Networks{URL: web.URL, Interval: time.Hour}
	o := Options{StateDir: dir, Client: web.Client()}
	web.answer.Store(entry("40.92.0.0/15", "40.107.0.0/16", "52.96.0.0/12"))
	if err := open(t, c, o).Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "networks")); err != nil {
		t.Fatal(err)
	}
	s := open(t, c, o)
	old, new := netip.MustParseAddr("40.92.1.1"), netip.MustParseAddr("52.97.1.1") // in the shipped list, and not
	for _, row := range []struct {
		source     string
		knows, not netip.Addr
	}{{"shipped", old, new}, {"refreshed", new, netip.MustParseAddr("192.0.2.1")}} {
		if got := s.Name(row.knows, []string{"exchange-online"}); got != "exchange-online" || string(s.Status().Source) != row.source {
			t.Errorf("%s is of %q, status %+v", row.knows, got, s.Status())
		}
		if got := s.Name(row.not, []string{"exchange-online"}); got != "" {
			t.Errorf("%s is of %q, status %+v", row.not, got, s.Status())
		}
		if err := s.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if again := open(t, c, o); again.Status().Source != "saved" {
		t.Errorf("it is not kept: %+v", again.Status())
	}
}

func TestOpen_ignoresABadOrOldCopy(t *testing.T) {
	for _, row := range []struct{ name, text string }{
		{"not JSON", "garbage"},
		{"edited to let everybody in", `{"fetched":"2999-01-01T00:00:00Z","list":` + entry("0.0.0.0/0") + `}`},
		{"empty", `{"fetched":"2999-01-01T00:00:00Z","list":[]}`},
		{"older than the shipped one", `{"fetched":"2020-01-01T00:00:00Z","url":"https://endpoints.office.com/endpoints/worldwide","list":` + entry("52.96.0.0/12") + `}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.MkdirAll(filepath.Join(dir, "networks"), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "networks", "exchange-online.json"), []byte(row.text),
				0o600); err != nil {
				t.Fatal(err)
			}
			s := open(t, config.Networks{}, Options{StateDir: dir})
			if got := s.Status(); got.Source != "shipped" || got.Prefixes != 6 {
				t.Errorf("status is %+v, want the shipped list of 6", got)
			}
		})
	}
}

// answers is a web service inside a synctest bubble.
type answers struct{ asked []time.Duration }

func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	a.asked = append(a.asked, time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC))) // when each bubble begins
	rec := httptest.NewRecorder()
	fmt.Fprint(rec, entry("40.92.0.0/15", "40.107.0.0/16", "52.100.0.0/14"))
	res := rec.Result()
	res.Request = r
	return res, nil
}

func TestRun_refreshesAtOnceAndEachInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		web := &answers{}
		s := open(t, config.Networks{URL: "https://endpoints.example.com", Interval: 24 * time.Hour}, Options{Client: &http.Client{Transport: web}})
		go s.Run(t.Context())
		time.Sleep(49 * time.Hour)
		synctest.Wait()
		if diff := cmp.Diff([]time.Duration{0, 24 * time.Hour, 48 * time.Hour}, web.asked); diff != "" {
			t.Errorf("asked at (-want +got):\n%s", diff)
		}
	})
}

func FuzzParseEndpoints(f *testing.F) {
	f.Add(shipped)
	f.Add([]byte(entry("40.92.0.0/15", "2a01:111:f400::/48")))
	f.Add([]byte(entry("0.0.0.0/0")))
	f.Add([]byte(entry("::ffff:40.92.0.0/111")))
	f.Fuzz(func(t *testing.T, data []byte) {
		found, err := parseEndpoints(data)
		if err != nil {
			return
		}
		if len(found) == 0 || len(found) > maxPrefixes {
			t.Fatalf("%d prefixes were believed", len(found))
		}
		for _, p := range found {
			if p.Bits() < minBits4 || p.Addr().IsPrivate() || p.Addr().IsLoopback() {
				t.Errorf("%s was believed", p)
			}
		}
	})
}
