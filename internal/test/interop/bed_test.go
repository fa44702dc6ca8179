package interop

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"clawback/api"
	"clawback/api/client"
	"clawback/internal/test/testbed"
	"clawback/queue"
)

// binary is the daemon, built once.
var binary string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(runAll(m))
}

func runAll(m *testing.M) int {
	dir, err := os.MkdirTemp("", "clawback-interop-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "clawback")
	build := exec.Command("go", "build", "-o", binary, "clawback/cmd/clawback")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the daemon: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

var organisation = testbed.Tenant{
	Name: "contoso", ID: "3f1c2b4a-5d6e-4f70-8192-a3b4c5d6e7f8",
	Domains: []string{"contoso.example"}, OriginatorOrg: []string{"contoso.onmicrosoft.com"},
}

// start runs the daemon, with more lines of configuration, until the test ends.
func start(t *testing.T, lines string) *testbed.Bed {
	t.Helper()
	return startFor(t, organisation, lines)
}

func startFor(t *testing.T, tenant testbed.Tenant, lines string) *testbed.Bed {
	t.Helper()
	bed, err := testbed.New(testbed.Options{Binary: binary, Tenants: []testbed.Tenant{tenant}, Config: lines})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bed.Close)
	if err := bed.Start(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, bed.LogTail())
	}
	return bed
}

// edit replaces text in the configuration of a daemon that does not run yet.
func edit(t *testing.T, bed *testbed.Bed, old, new string) {
	t.Helper()
	name := bed.File("clawback.toml")
	text, err := os.ReadFile(name)
	if err != nil || !bytes.Contains(text, []byte(old)) {
		t.Fatalf("%q is not in the configuration (%v)", old, err)
	}
	write(t, name, bytes.Replace(text, []byte(old), []byte(new), 1))
}

// inbox is what the daemon keeps, and which of it has been seen.
type inbox struct {
	t    *testing.T
	bed  *testbed.Bed
	seen map[string]bool
}

func watch(t *testing.T, bed *testbed.Bed) *inbox {
	return &inbox{t, bed, map[string]bool{}}
}

// next waits for an item that was not there before. What is not a journal report of the tenant stays in quarantine, and
// can be looked at there for as long as one likes.
func (in *inbox) next(wait time.Duration) (api.Item, []byte) {
	in.t.Helper()
	for end := time.Now().Add(wait); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		items, err := client.Do(in.t.Context(), in.bed.Client, api.ListItems,
			api.ItemQuery{State: queue.Quarantined, Paging: api.Paging{Limit: api.MaxLimit}})
		if err != nil {
			in.t.Fatal(err)
		}
		for _, it := range items.Items {
			if in.seen[it.ID] {
				continue
			}
			in.seen[it.ID] = true
			var got bytes.Buffer
			if err := client.Export(in.t.Context(), in.bed.Client, api.ExportItem, api.ItemRef{ID: it.ID}, &got); err != nil {
				in.t.Fatal(err)
			}
			return it, got.Bytes()
		}
	}
	in.t.Fatalf("nothing arrived\n%s", in.bed.LogTail())
	return api.Item{}, nil
}

// report waits for the record of a journaled message and gives the report that told of it.
func (in *inbox) report(messageID string, wait time.Duration) []byte {
	in.t.Helper()
	awaitRecord(in.t, in.bed, messageID, wait)
	var got bytes.Buffer
	if err := client.Export(in.t.Context(), in.bed.Client, api.ExportMessage, api.MessageRef{Key: messageID}, &got); err != nil {
		in.t.Fatal(err)
	}
	return got.Bytes()
}

func awaitRecord(t *testing.T, bed *testbed.Bed, messageID string, wait time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	for {
		// Showing a message would read the whole of it once more.
		found, err := client.Do(ctx, bed.Client, api.ListRecords,
			api.RecordQuery{Search: api.Search{Query: "id:" + messageID}})
		if err == nil && len(found.Items) == 1 {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: %v\n%s", messageID, err, bed.LogTail())
		case <-time.After(20 * time.Millisecond):
		}
	}
}
