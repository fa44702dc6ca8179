package client

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"clawback/api"
	"clawback/api/socket"
	"clawback/queue"
	"clawback/spool"
	"clawback/store"
)

// parts answer with one item and one act after the other.
type parts struct {
	api.Queue
	api.Store
	acts []store.Act
}

func (*parts) Get(_ context.Context, id string) (queue.Item, error) {
	if id != "a/b" {
		return queue.Item{}, queue.ErrNotFound
	}
	return queue.Item{ID: id, State: queue.Quarantined, Body: spool.Ref{File: "f", Size: 7}}, nil
}

func (*parts) List(_ context.Context, f queue.Filter) ([]queue.Item, error) {
	var rows []queue.Item
	for _, id := range []string{"i1", "i2", "i3", "i4", "i5"} {
		if id > f.After && len(rows) < f.Limit {
			rows = append(rows, queue.Item{ID: id})
		}
	}
	return rows, nil
}

func (*parts) Discarded(context.Context) (map[string][]byte, error) { return nil, nil }

func (*parts) Orders(context.Context) ([]store.Order, error) { return nil, nil }

func (p *parts) Note(_ context.Context, act store.Act) error {
	p.acts = append(p.acts, act)
	return nil
}

// open serves the parts on a socket.
func open(t *testing.T) (*Client, *parts) {
	t.Helper()
	p := &parts{}
	path := filepath.Join(t.TempDir(), "s")
	ln, err := socket.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	s := socket.New(api.New(api.Options{Queue: p, Store: p, Log: log,
		Report: func(spool.Ref) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("report\x00")), nil }}), nil, nil, log)
	done := make(chan error, 1)
	go func() { done <- s.Serve(ln) }()
	t.Cleanup(func() {
		s.Shutdown(context.Background())
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return New(path), p
}

// From the client through the socket: an id with a slash in it, bytes as they are, the kernel's name in the audit, and
// an error that is one by its code.
func TestDo_throughTheSocket(t *testing.T) {
	c, p := open(t)
	it, err := Do(t.Context(), c, api.ShowItem, api.ItemRef{ID: "a/b"})
	if err != nil || it.ID != "a/b" || it.Size != 7 {
		t.Errorf("%+v, %v", it, err)
	}
	var out bytes.Buffer
	if err := Export(t.Context(), c, api.ExportItem, api.ItemRef{ID: "a/b"}, &out); err != nil || out.String() != "report\x00" {
		t.Errorf("%q, %v", out.String(), err)
	}
	me := "uid " + strconv.Itoa(os.Getuid()) // as the kernel says, where the account has no name
	if u, err := user.LookupId(strconv.Itoa(os.Getuid())); err == nil {
		me = u.Username
	}
	if len(p.acts) != 1 || !strings.HasPrefix(p.acts[0].Who, me) || p.acts[0].What != "queue.export" ||
		p.acts[0].Object != "a/b" {
		t.Errorf("audit %+v", p.acts)
	}
	if _, err := Do(t.Context(), c, api.ShowItem, api.ItemRef{ID: "none"}); !errors.Is(err, &api.Error{Code: api.NotFound}) || !strings.Contains(err.Error(), "none") {
		t.Errorf("error %v", err)
	}
	if err := Export(t.Context(), c, api.ExportItem, api.ItemRef{ID: "none"}, &out); api.CodeOf(err) != api.NotFound {
		t.Errorf("error %v", err)
	}
}

func TestDo_saysWhenThereIsNoDaemon(t *testing.T) {
	_, err := Do(t.Context(), New(filepath.Join(t.TempDir(), "none")), api.ShowStatus, api.None{})
	if api.CodeOf(err) != api.Unreachable || !strings.Contains(err.Error(), "no daemon answers") {
		t.Errorf("error %v", err)
	}
}

func TestDo_stopsWithItsContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	ln, err := net.Listen("unix", path) // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := Do(ctx, New(path), api.ShowStatus, api.None{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

// The parts of a list by the cursors of the answers are the whole list.
func TestDo_partByPart(t *testing.T) {
	c, _ := open(t)
	var ids []string
	for q := (api.ItemQuery{Paging: api.Paging{Limit: 2}}); ; {
		page, err := Do(t.Context(), c, api.ListItems, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range page.Items {
			ids = append(ids, it.ID)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	if got := strings.Join(ids, " "); got != "i1 i2 i3 i4 i5" {
		t.Errorf("%s", got)
	}
}
