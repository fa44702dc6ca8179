package daemon

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"clawback/api"
	"clawback/api/client"
	"clawback/internal/test/graphsim"
	"clawback/internal/test/testbed"
	"clawback/store"
)

// hook is a webhook's receiver that is away when it is told so.
type hook struct {
	mu     sync.Mutex
	away   bool
	bodies []string
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var m struct {
		Events []struct{ ID, Headline string }
	}
	if err := json.NewDecoder(r.Body).Decode(&m); err != nil || h.away {
		http.Error(w, "away", http.StatusBadGateway)
		return
	}
	for _, e := range m.Events {
		h.bodies = append(h.bodies, e.Headline)
	}
}

func (h *hook) setAway(away bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.away = away
}

// lacks says what of some texts no message had.
func (h *hook) lacks(texts ...string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, text := range texts {
		if !slices.ContainsFunc(h.bodies, func(b string) bool { return strings.Contains(b, text) }) {
			return fmt.Sprintf("%q was not told: %q", text, h.bodies)
		}
	}
	return ""
}

// A whole daemon tells a receiver of a verdict and of what was done, also of what came while the receiver was away and
// the daemon was stopped and started again.
func TestAlerts_reachTheReceiver(t *testing.T) {
	h := &hook{}
	server := httptest.NewTLSServer(h)
	t.Cleanup(server.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}
	must(t, os.WriteFile(ca, pem.EncodeToMemory(block), 0o600))
	bed, err := testbed.New(testbed.Options{Daemon: runInside, Tenants: []testbed.Tenant{testbed.Contoso},
		Sim: graphsim.Options{Seed: 1, Rates: graphsim.Calm()},
		Config: fmt.Sprintf("[[alert]]\nname = \"soc\"\nurl = %q\nca_file = %q\nprivate_networks = [\"127.0.0.0/8\"]\n"+
			"events = [\"malicious\", \"action\"]\ndigest = \"0s\"\n", server.URL+"/hook", ca)})
	must(t, err)
	t.Cleanup(bed.Close)
	bed.Sim.AddUser(graphsim.User{Tenant: testbed.Contoso.ID, UPN: "busy@contoso.example"})
	must(t, bed.Start(t.Context()))
	outcomeIs(t, bed, deliver(t, bed, 1), store.Done)
	eventually(t, bed, func() string {
		return h.lacks("MALICIOUS message from", "in the mailbox of busy@contoso[.]example: done")
	})
	h.setAway(true)
	if d, err := client.Do(t.Context(), bed.Client, api.TestAlert, api.AlertRef{Alert: "soc"}); err != nil || d.OK {
		t.Errorf("a test while the receiver is away: %+v, %v", d, err)
	}
	second := deliver(t, bed, 2)
	outcomeIs(t, bed, second, store.Done)
	eventually(t, bed, func() string {
		list, err := client.Do(t.Context(), bed.Client, api.ListAlerts, api.Paging{})
		if err != nil || list.Items[0].Failures == 0 || list.Items[0].Waiting == 0 {
			return fmt.Sprintf("no failure is known: %+v, %v", list.Items, err)
		}
		return ""
	})
	must(t, bed.Stop())
	h.mu.Lock()
	h.bodies, h.away = nil, false
	h.mu.Unlock()
	must(t, bed.Start(t.Context()))
	eventually(t, bed, func() string { return h.lacks("MALICIOUS message from", ": done") })
	if d, err := client.Do(t.Context(), bed.Client, api.TestAlert, api.AlertRef{Alert: "soc"}); err != nil || !d.OK {
		t.Errorf("a test: %+v, %v", d, err)
	}
}
