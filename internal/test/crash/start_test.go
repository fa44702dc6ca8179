package crash

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Recovery of a large queue takes longer than systemd waits for a start: it is asked for more time before.
func TestStart_asksSystemdForTime(t *testing.T) {
	bed := newBed(t)
	name := filepath.Join(bed.Dir, "notify")
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	if err := bed.Start(t.Context(), "NOTIFY_SOCKET="+name); err != nil {
		t.Fatalf("%v\n%s", err, bed.LogTail())
	}
	if err := manager.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	said := make([]byte, 1000)
	n, err := manager.Read(said)
	if err != nil || !strings.HasPrefix(string(said[:n]), "EXTEND_TIMEOUT_USEC=") {
		t.Errorf("the daemon says first %q, %v; want that it needs time", said[:n], err)
	}
}
