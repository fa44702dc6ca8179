package socket

import (
	"context"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"clawback/api"
	"clawback/api/routes"
)

func TestListen_takesOverADeadSocketOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	dead, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	dead.(*net.UnixListener).SetUnlinkOnClose(false)
	dead.Close()
	ln, err := Listen(path)
	if err != nil {
		t.Fatalf("the socket of a dead daemon is in the way: %v", err)
	}
	defer ln.Close()
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("mode %v, %v, want 0660", info.Mode(), err)
	}
	if _, err := Listen(path); err == nil {
		t.Error("a second daemon took the socket of a living one")
	}
}

func TestWho_kernelFirst(t *testing.T) {
	alice, root, nobody := peer{"alice", 1000}, peer{"root", 0}, peer{"nobody", overflow}
	for _, tt := range []struct {
		kernel     peer
		said, want string
	}{
		{alice, "alice", "alice"}, {alice, "", "alice"}, {alice, "bob", "alice (says bob)"}, {alice, "root", "alice (says root)"},
		{root, "", "root"}, {root, "root", "root"}, {root, "alice", "alice (claimed; root, uid 0)"},
		{nobody, "alice", "alice (claimed; nobody, uid 65534)"}, {peer{"unknown", -1}, "alice", "unknown (says alice)"},
		{root, "a\nlice (claimed; bob, uid 7)", "aliceclaimedbobuid7 (claimed; root, uid 0)"},
		{root, strings.Repeat("x", 100), strings.Repeat("x", 64) + " (claimed; root, uid 0)"},
	} {
		r := httptest.NewRequest("POST", "/", nil).WithContext(context.WithValue(t.Context(), peerKey{}, tt.kernel))
		r.Header.Set(routes.OperatorHeader, tt.said)
		if got := who(r); got != tt.want {
			t.Errorf("kernel %v, said %q: %q, want %q", tt.kernel, tt.said, got, tt.want)
		}
	}
}

// Who comes by the socket is an administrator everywhere, by the name that the kernel tells.
func TestPrincipal_isTheKernels(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil).WithContext(context.WithValue(t.Context(), peerKey{}, peer{"alice", 1000}))
	r.Header.Set("Authorization", "Bearer mallory")
	p, err := principal(r)
	if err != nil || p.Name != "alice" || p.All != api.Administrator || !p.Bodies {
		t.Errorf("%+v, %v", p, err)
	}
}
