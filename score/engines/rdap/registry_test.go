package rdap

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"clawback/config"
	"clawback/score/engines"
)

// registry is a server of the test's own: IANA's list at /dns.json, and the domains of a registry under /rdap/.
type registry struct {
	*httptest.Server

	mu     sync.Mutex
	list   string                      // owned by mu, as all below
	reply  map[string]http.HandlerFunc // by domain; 404 for others
	asked  []string                    // what was asked for, in order
	accept []string
}

func newRegistry(t *testing.T) *registry {
	r := &registry{reply: map[string]http.HandlerFunc{}}
	r.Server = httptest.NewTLSServer(http.HandlerFunc(r.serve))
	t.Cleanup(r.Close)
	r.list = services(r.URL, "com", "co.uk", "xn--p1ai")
	return r
}

// services is a list that names one server for suffixes: RFC 9224, section 3.
func services(server string, suffixes ...string) string {
	return fmt.Sprintf(`{"description":"test","publication":"2026-11-20T20:00:01Z","version":"1.0","services":[[["%s"],["http://plain.example/","%s/rdap/"]]]}`,
		strings.Join(suffixes, `","`), server)
}

func (r *registry) serve(w http.ResponseWriter, q *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if q.URL.Path == "/dns.json" {
		fmt.Fprint(w, r.list)
		return
	}
	domain, ok := strings.CutPrefix(q.URL.Path, "/rdap/domain/")
	r.asked, r.accept = append(r.asked, domain), append(r.accept, q.Header.Get("Accept"))
	if reply := r.reply[domain]; ok && reply != nil {
		w.Header().Set("Content-Type", "application/rdap+json")
		reply(w, q)
		return
	}
	http.Error(w, `{"errorCode":404,"title":"Not Found","description":["no such object"]}`, http.StatusNotFound)
}

func (r *registry) set(domain string, reply http.HandlerFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reply[domain] = reply
}

func (r *registry) publish(list string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = list
}

// questions is how often somebody was asked for.
func (r *registry) questions() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.asked)
}

// respond answers with a text.
func respond(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }
}

// object is a domain as registries write it: RFC 9083, section 5.3.
func object(domain string, events ...string) string {
	return fmt.Sprintf(`{"rdapConformance":["rdap_level_0"],"objectClassName":"domain","handle":"D1-TEST","ldhName":%q,"status":["active"],
		"entities":[{"objectClassName":"entity","roles":["registrar"],"vcardArray":["vcard",[["version",{},"text","4.0"]]],
		"events":[{"eventAction":"registration","eventDate":"2026-11-20T00:00:00Z"}]}],
		"events":[%s],"nameservers":[{"objectClassName":"nameserver","ldhName":"ns1.example.com"}]}`, domain, strings.Join(events, ","))
}

func event(action, date string) string {
	return fmt.Sprintf(`{"eventAction":%q,"eventDate":%q}`, action, date)
}

// registeredOn is a whole answer.
func registeredOn(domain, date string) string {
	return object(domain, event("expiration", "2030-01-01T00:00:00Z"), event("registration", date),
		event("last changed", "2026-11-01T00:00:00Z"))
}

// bench is a client of a registry, with a clock that the test moves.
type bench struct {
	*Client
	registry *registry
	config   config.RDAP
	options  Options
	now      time.Time
}

func newBench(t *testing.T) *bench {
	b := &bench{registry: newRegistry(t), now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	roots := filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: b.registry.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	b.config = config.RDAP{
		Enabled: true, URL: b.registry.URL + "/dns.json", Interval: time.Hour, CAFile: roots,
		PrivateNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	}
	b.options = Options{StateDir: t.TempDir(), Now: func() time.Time { return b.now }}
	b.open(t)
	return b
}

func (b *bench) open(t *testing.T) {
	t.Helper()
	client, err := New(b.config, b.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	b.Client = client
}

// ready is a bench whose list was fetched.
func ready(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	if err := b.refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	return b
}

// age asks for a host, and answers the date or the sentence, and the error.
func (b *bench) age(t *testing.T, host string) (string, error) {
	t.Helper()
	found, err := b.Ask(t.Context(), engines.Message{Author: host})
	if err != nil {
		if len(found) > 0 {
			t.Errorf("an error and %+v", found)
		}
		return "", err
	}
	if len(found) != 1 || found[0].Engine != engines.RDAP {
		t.Fatalf("found %+v", found)
	}
	if found[0].Registered.IsZero() {
		return found[0].Text, nil
	}
	return found[0].Registered.Format(time.DateOnly), nil
}
