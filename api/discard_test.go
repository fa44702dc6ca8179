package api

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clawback/queue"
	"clawback/queue/bolt"
	"clawback/spool"
	"clawback/store"
	"clawback/store/pebble"
)

// disk is a queue and a store on disk, which a test opens again and again.
type disk struct {
	dir   string
	spool *spool.Spool
	queue *bolt.Queue
	store *store.Store

	searches int // of the audit by the server
}

// counted counts the searches of the audit.
type counted struct {
	*store.Store
	n *int
}

func (s counted) Audit(ctx context.Context, f store.AuditFilter) ([]store.Act, error) {
	*s.n++
	return s.Store.Audit(ctx, f)
}

func openDisk(t *testing.T, dir string) *disk {
	t.Helper()
	d := &disk{dir: dir}
	var err error
	if d.spool, err = spool.Open(filepath.Join(dir, "spool"), spool.Options{}); err != nil {
		t.Fatal(err)
	}
	if d.queue, err = bolt.Open(filepath.Join(dir, "queue"), d.spool, bolt.Options{}); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "store"), 0o700); err != nil {
		t.Fatal(err)
	}
	if d.store, err = pebble.Open(filepath.Join(dir, "store"), store.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.close)
	return d
}

func (d *disk) close() {
	d.queue.Close()
	d.store.Close()
	d.spool.Close()
}

// service carries out operations on the disk, once what a crash has left undone is done.
func (d *disk) service(t *testing.T) *Service {
	t.Helper()
	s := New(Options{Queue: d.queue, Store: counted{d.store, &d.searches}, Log: slog.New(slog.DiscardHandler), Tenant: findTenant,
		Report: func(r spool.Ref) (io.ReadCloser, error) {
			body, err := d.spool.Open(t.Context(), r)
			if err != nil {
				return nil, err
			}
			defer body.Close()
			text, err := io.ReadAll(io.NewSectionReader(body, 0, body.Size()))
			return io.NopCloser(strings.NewReader(string(text))), err
		}})
	if err := s.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// discard throws an item away, by ada.
func discard(t *testing.T, s *Service, id, comment string) error {
	_, err := DiscardItem.Do(t.Context(), s, Root("ada"), ItemOrder{ID: id, Comment: comment})
	return err
}

// quarantined puts a message into quarantine.
func (d *disk) quarantined(t *testing.T, message string) string {
	t.Helper()
	draft, err := d.queue.Begin(t.Context(), queue.Envelope{Tenant: "t1", MailFrom: "eve@fabrikam.example", Rcpts: []string{"j@contoso.example"}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(draft, message); err != nil {
		t.Fatal(err)
	}
	id, err := draft.Commit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := d.queue.Quarantine(t.Context(), id, queue.CauseNetwork, "not attributed"); err != nil {
		t.Fatal(err)
	}
	return id
}

// acts are the entries of the audit on discarding.
func (d *disk) acts(t *testing.T) []store.Act {
	t.Helper()
	acts, err := d.store.Audit(t.Context(), store.AuditFilter{What: discarding})
	if err != nil {
		t.Fatal(err)
	}
	return acts
}

const forged = "From: Eve <eve@fabrikam.example>\r\nSubject: You have won\r\n\r\nnothing\r\n"

// The audit says who threw what away, and why; a second word on it finds nothing.
func TestDiscard_isAuditedWithWhatItWas(t *testing.T) {
	d := openDisk(t, t.TempDir())
	c, id := d.service(t), d.quarantined(t, forged)
	for _, comment := range []string{"", "  "} {
		if err := discard(t, c, id, comment); err == nil || !strings.Contains(err.Error(), "say why") {
			t.Errorf("without a comment: %v", err)
		}
	}
	if err := discard(t, c, id, "forged, kept nowhere"); err != nil {
		t.Fatal(err)
	}
	if err := discard(t, c, id, "again"); err == nil || !strings.Contains(err.Error(), "not found") {
		t.Errorf("a second time: %v", err)
	}
	if d.searches > 0 {
		t.Errorf("the audit was searched %d times", d.searches)
	}
	acts := d.acts(t)
	if len(acts) != 1 || acts[0].Object != id || acts[0].Tenant != "t1" || !strings.HasPrefix(acts[0].Who, "ada") {
		t.Fatalf("audit: %+v", acts)
	}
	for _, want := range []string{"forged, kept nowhere", `subject "You have won"`, "sender", "<eve@fabrikam.example>",
		fmt.Sprintf("%d bytes", len(forged)), fmt.Sprintf("SHA-256 %x", sha256.Sum256([]byte(forged)))} {
		if !strings.Contains(acts[0].Comment, want) {
			t.Errorf("the audit does not say %q: %s", want, acts[0].Comment)
		}
	}
	if _, err := d.queue.Get(t.Context(), id); err == nil {
		t.Error("it is still there")
	}
}

// What waits for work is not thrown away, and nothing is noted.
func TestDiscard_refusesWhatIsNotInQuarantine(t *testing.T) {
	d := openDisk(t, t.TempDir())
	c, id := d.service(t), d.quarantined(t, forged)
	if err := d.queue.Retry(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	err := discard(t, c, id, "why")
	if err == nil || !strings.Contains(err.Error(), "only what is in quarantine") {
		t.Errorf("Discard = %v", err)
	}
	if acts := d.acts(t); len(acts) != 0 {
		t.Errorf("audit: %+v", acts)
	}
}

// Octets that are missing or damaged do not keep it from being discarded: the audit says what is known.
func TestDiscard_unreadableOctets(t *testing.T) {
	d := openDisk(t, t.TempDir())
	id := d.quarantined(t, forged)
	it, err := d.queue.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(d.dir, "spool", it.Body.File)); err != nil {
		t.Fatal(err)
	}
	if err := discard(t, d.service(t), id, "lost"); err != nil {
		t.Fatal(err)
	}
	if acts := d.acts(t); len(acts) != 1 || !strings.Contains(acts[0].Comment, "not readable") {
		t.Errorf("audit: %+v", acts)
	}
}

// A crash between the queue and the audit, or between the audit and the queue, leaves one entry after the next start.
func TestDiscard_crashIsAuditedOnce(t *testing.T) {
	for _, noted := range []bool{false, true} {
		t.Run(fmt.Sprintf("noted %t", noted), func(t *testing.T) {
			dir := t.TempDir()
			d := openDisk(t, dir)
			id := d.quarantined(t, forged)
			act := store.Act{At: time.Now().UTC(), Who: "ada", What: discarding, Object: id, Comment: "why"}
			note, err := json.Marshal(act)
			if err != nil {
				t.Fatal(err)
			}
			if err := d.queue.Discard(t.Context(), id, note); err != nil {
				t.Fatal(err)
			}
			if noted {
				if err := d.store.Note(t.Context(), act); err != nil {
					t.Fatal(err)
				}
			}
			for range 2 {
				d.close()
				d = openDisk(t, dir)
				d.service(t)
				if acts := d.acts(t); len(acts) != 1 || acts[0].Who != "ada" || acts[0].Object != id {
					t.Errorf("audit: %+v", acts)
				}
				if notes, err := d.queue.Discarded(t.Context()); err != nil || len(notes) != 0 {
					t.Errorf("notes: %q, %v", notes, err)
				}
			}
		})
	}
}
