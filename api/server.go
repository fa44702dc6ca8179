package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"time"

	"clawback/config"
	"clawback/queue"
	"clawback/retract"
	"clawback/retract/job"
	"clawback/spool"
	"clawback/store"
)

// Queue is what the socket shows and changes of the queue.
type Queue interface {
	Get(ctx context.Context, id string) (queue.Item, error)
	List(ctx context.Context, f queue.Filter) ([]queue.Item, error)
	Retry(ctx context.Context, id string) error
	Trust(ctx context.Context, id, who string) error
	Discard(ctx context.Context, id string, note []byte) error
	Groups(ctx context.Context, s queue.Selection) ([]queue.Group, error)
	Preview(ctx context.Context, s queue.Selection) (queue.Doomed, error)
	DiscardSelected(ctx context.Context, d queue.Doomed, note queue.Note) (queue.Discarded, error)
	Discarded(ctx context.Context) (map[string][]byte, error)
	Noted(ctx context.Context, id string) error
	Bounce(ctx context.Context, id string) (queue.Bounce, error)
	Bounces(ctx context.Context, f queue.BounceFilter) ([]queue.Bounce, error)
	RetryBounce(ctx context.Context, id string) error
}

// Store is what the socket shows of the store.
type Store interface {
	Lookup(ctx context.Context, tenant, key string) ([]store.Record, error)
	Records(ctx context.Context, f store.RecordFilter) ([]store.Record, error)
	Intents(ctx context.Context, record string) ([]store.Intent, error)
	IntentsBy(ctx context.Context, f store.IntentFilter) ([]store.Intent, error)
	Attempts(ctx context.Context, intent string) ([]store.Attempt, error)
	Audit(ctx context.Context, f store.AuditFilter) ([]store.Act, error)
	Note(ctx context.Context, act store.Act) error
}

// Engine is what an operator can have done to messages.
type Engine interface {
	Retract(ctx context.Context, who, record string, action config.Action, comment string) ([]store.Intent, error)
	Restore(ctx context.Context, who, record, comment string) ([]store.Intent, error)
	Approve(ctx context.Context, who string, intents []string, comment string) error
	Reject(ctx context.Context, who string, intents []string, comment string) error
	SettleCampaign(ctx context.Context, a retract.CampaignAnswer) ([]string, error)
	HeldCampaigns(ctx context.Context, tenant string) ([]retract.HeldCampaign, error)
}

// Jobs is what keeps and carries out bulk jobs.
type Jobs interface {
	PreviewJob(ctx context.Context, s job.Spec) (job.Preview, error)
	StartJob(ctx context.Context, s job.Spec) (store.Job, error)
	Jobs(ctx context.Context) ([]job.Status, error)
	Job(ctx context.Context, id string) (job.Status, error)
	CancelJob(ctx context.Context, who, id, comment string) error
	PauseJob(ctx context.Context, who, id, comment string) error
	ResumeJob(ctx context.Context, who, id, comment string) error
}

// Addresses is what the socket shows and changes of the addresses that mail is taken for.
type Addresses struct {
	List   func() []Address
	Retire func(ctx context.Context, address string) error
}

// Options wire a Server.
type Options struct {
	Queue     Queue
	Store     Store
	Engine    Engine
	Jobs      Jobs
	Status    func(context.Context) (Status, error)
	Addresses Addresses
	Scoring   Scoring
	Report    func(spool.Ref) (io.ReadCloser, error) // the octets of a report
	Apart     func(tenant string) []string           // where else the tenant's mail is recorded; nil: nowhere
	Wake      func()                                 // something is due now that was not before
	Log       *slog.Logger
}

// Server answers on the socket.
type Server struct {
	o    Options
	http *http.Server

	discards sync.Mutex // held while what was discarded is noted in the audit
}

// New makes a Server.
func New(o Options) *Server {
	s := &Server{o: o}
	s.http = &http.Server{
		Handler: s.routes(), ConnContext: withPeer,
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: time.Minute, MaxHeaderBytes: 64 << 10,
	}
	return s
}

// Listen makes the socket (mode 0660), taking the place of one that a dead daemon left.
func Listen(path string) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, fmt.Errorf("make directory of control socket: %w", err)
	}
	if conn, err := net.Dial("unix", path); err == nil {
		conn.Close()
		return nil, fmt.Errorf("control socket %s: another clawback serves there", path)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("remove stale control socket: %w", err)
	}
	ln, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen on control socket: %w", err)
	}
	if err := os.Chmod(path, 0o660); err != nil {
		ln.Close()
		return nil, fmt.Errorf("set mode of control socket: %w", err)
	}
	return ln, nil
}

// Serve answers until Shutdown.
func (s *Server) Serve(ln net.Listener) error {
	if err := s.noteDiscarded(context.Background(), ""); err != nil { // of before a crash; the next discard tries again
		s.o.Log.Error("note in the audit what was discarded", "event", "control.failed", "error", err)
	}
	if err := s.http.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("control socket: %w", err)
	}
	return nil
}

// Shutdown finishes the requests in hand.
func (s *Server) Shutdown(ctx context.Context) error { return s.http.Shutdown(ctx) }

// handler answers with a value to encode, or an error.
type handler func(r *http.Request) (any, error)

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, err := h(r)
	if err != nil {
		writeJSON(w, statusOf(err), Failure{err.Error()})
		return
	}
	if stream, ok := answer.(io.ReadCloser); ok {
		defer stream.Close()
		w.Header().Set("Content-Type", "message/rfc822")
		io.Copy(w, stream)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

// writeJSON answers with a value. A list without anything in it is [], never null: scripts go through it.
func writeJSON(w http.ResponseWriter, status int, v any) {
	if list := reflect.ValueOf(v); list.Kind() == reflect.Slice && list.IsNil() {
		v = []struct{}{}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}

// list is a copy that is never null in JSON.
func list[T any](l []T) []T { return append([]T{}, l...) }

// listed is a record with no list that is null.
func listed(rec store.Record) store.Record {
	rec.Recipients, rec.Variants, rec.Verdict.Reasons = list(rec.Recipients), list(rec.Variants), list(rec.Verdict.Reasons)
	for i := range rec.Variants {
		v := &rec.Variants[i].Verdict
		v.Reasons = list(v.Reasons)
	}
	return rec
}

// errRequest is a request that makes no sense.
type errRequest struct{ text string }

func (e errRequest) Error() string { return e.text }

func statusOf(err error) int {
	var bad errRequest
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, queue.ErrNotFound):
		return http.StatusNotFound
	case errors.Is(err, store.ErrConflict), errors.Is(err, queue.ErrState):
		return http.StatusConflict
	case errors.As(err, &bad):
		return http.StatusBadRequest
	}
	return http.StatusInternalServerError
}
