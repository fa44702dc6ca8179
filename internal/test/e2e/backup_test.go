package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"filippo.io/age"

	"clawback/api"
	"clawback/internal/test/testbed"
)

// A machine is lost after a backup that was taken while mail came in. What was accepted before it is known on another
// machine, what was taken is not taken again, and what comes then is dealt with.
func TestBackup_carriesOnElsewhere(t *testing.T) {
	tenant := contoso
	tenant.Tables = testbed.Contoso.Tables
	w := start(t, tenant)
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	identity := filepath.Join(t.TempDir(), "key.txt")
	if err := os.WriteFile(identity, []byte(key.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := w.letters(0, 40)
	w.allTaken(before)

	var during []testbed.Letter
	stop := make(chan struct{})
	var load sync.WaitGroup
	load.Go(func() {
		for n := 1000; ; n++ {
			select {
			case <-stop:
				return
			default:
				during = append(during, w.letters(n, n+1)...)
			}
		}
	})
	to := filepath.Join(t.TempDir(), "backups")
	out, err := w.cli("backup", to, "--recipient", key.Recipient().String())
	close(stop)
	load.Wait()
	if err != nil {
		t.Fatal(err)
	}
	path, _, _ := strings.Cut(out, ": ")
	if !strings.HasSuffix(path, ".tar.age") {
		t.Errorf("backup says %q", out)
	}
	w.allTaken(during)
	if out := w.must("store", "check"); !strings.Contains(out, "sound") {
		t.Errorf("store check says %q", out)
	}

	w.Kill()
	config := w.File("clawback.toml")
	if out, err := w.cli("restore-backup", path, "--config", config, "--identity", identity); err == nil ||
		!strings.Contains(err.Error(), "not empty") {
		t.Errorf("restored over the state that is there: %q, %v", out, err)
	}
	if err := os.RemoveAll(w.File("state")); err != nil {
		t.Fatal(err)
	}
	if out, err := w.cli("restore-backup", path, "--config", config); err == nil ||
		!strings.Contains(err.Error(), "--identity") {
		t.Errorf("restored without a key: %q, %v", out, err)
	}
	w.must("restore-backup", path, "--config", config, "--identity", identity)
	if out := w.must("store", "check", "--config", config); !strings.Contains(out, "sound") {
		t.Errorf("without a daemon store check says %q", out)
	}
	w.up()
	w.allTaken(before)
	after := w.letters(5000, 5020)
	w.allTaken(after)
	for _, v := range w.Sim.Violations() {
		t.Errorf("violation: %s", v)
	}
	moves := map[string]int{}
	for _, c := range w.Sim.Calls() {
		if strings.HasSuffix(string(c.Route), "move") && c.Applied {
			moves[c.Message]++
		}
	}
	for message, n := range moves {
		if n > 1 {
			t.Errorf("message %s was moved %d times", message, n)
		}
	}
	if out := w.must("audit"); !strings.Contains(out, "backup") {
		t.Errorf("the audit does not tell of the backup:\n%s", out)
	}
}

// letters delivers and reports MALICIOUS messages with these numbers.
func (w *world) letters(from, to int) (list []testbed.Letter) {
	w.t.Helper()
	for n := from; n < to; n++ {
		l, err := testbed.Write(true, n, "busy@contoso.example")
		if err != nil {
			w.t.Error(err)
			return list
		}
		if _, err := w.Deliver(l); err != nil {
			w.t.Error(err)
			return list
		}
		if err := testbed.Send(w.conn, contoso, l.Report); err != nil {
			w.t.Error(err)
			return list
		}
		list = append(list, l)
	}
	return list
}

// allTaken waits until these are done.
func (w *world) allTaken(letters []testbed.Letter) {
	w.t.Helper()
	for _, l := range letters {
		w.eventually(func() string {
			for _, outcome := range w.outcomes(l.MessageID) {
				if outcome == "done" {
					return ""
				}
			}
			return fmt.Sprintf("%s: %v", l.MessageID, w.outcomes(l.MessageID))
		})
	}
}

// Each file of the state is lost alone: docs/operations.md says for each what happens then.
func TestLost_eachFile(t *testing.T) {
	tenant := contoso
	tenant.Tables = testbed.Contoso.Tables
	w := start(t, tenant)
	w.allTaken(w.letters(0, 3))
	if err := w.Stop(); err != nil {
		t.Fatal(err)
	}
	kept := filepath.Join(t.TempDir(), "kept")
	if err := os.CopyFS(kept, os.DirFS(w.File("state"))); err != nil {
		t.Fatal(err)
	}
	for _, lost := range []struct {
		name    string
		refuses string // what the daemon says when it does not start; "": it starts
		known   bool   // and knows what it did
		damaged bool   // it is not lost, but not as it was written
	}{
		{name: "queue.db", known: true},
		{name: "queue.scoring", known: true},
		{name: "own-mail.secret", known: true},
		{name: "spool", known: true},
		{name: "index", known: true}, // it is built anew
		{name: "config.json", known: true},
		{name: "config.json", damaged: true, known: true},
		{name: "traffic.json", damaged: true, known: true},
		{name: "sightings.json", damaged: true, refuses: "bring it back from a backup, or move it away"},
		{name: "restored.json", damaged: true, refuses: "put back that file"},
		{name: "store", refuses: "bring the directory back from a backup"},
		{name: "store/MANIFEST", refuses: "bring it back from a backup"},
		{name: "store/marker.manifest", refuses: "bring it back from a backup"},
		{name: "restore.partial", refuses: "a restore was interrupted"}, // which is no loss: it is there
		{name: "backup.tmp", known: true},                               // left by a crash
	} {
		t.Run(lost.name, func(t *testing.T) {
			w := *w
			w.t = t
			w.lose(lost.name, kept, lost.damaged)
			err := w.Start(t.Context())
			if lost.refuses != "" {
				if err == nil {
					t.Error("the daemon starts")
					w.Kill()
				} else if !strings.Contains(w.LogTail(), lost.refuses) {
					t.Errorf("the daemon does not say %q:\n%s", lost.refuses, w.LogTail())
				}
				return
			}
			if err != nil {
				t.Fatalf("%v\n%s", err, w.LogTail())
			}
			var status api.Status
			if err := json.Unmarshal([]byte(w.must("status", "--json")), &status); err != nil {
				t.Fatal(err)
			}
			if known := len(status.Tenants) > 0 && status.Tenants[0].Counts.Processed >= 3; known != lost.known {
				t.Errorf("it knows what it did: %v, want %v (%+v)", known, lost.known, status)
			}
			if err := w.Stop(); err != nil {
				t.Error(err)
			}
		})
	}
}

// lose puts the state back as it was kept, without one of its files, or with that one damaged; names that a restore or
// a backup leaves are made instead.
func (w *world) lose(name, kept string, damaged bool) {
	w.t.Helper()
	state := w.File("state")
	if err := os.RemoveAll(state); err != nil {
		w.t.Fatal(err)
	}
	if err := os.CopyFS(state, os.DirFS(kept)); err != nil {
		w.t.Fatal(err)
	}
	path := filepath.Join(state, name)
	if damaged {
		if err := os.WriteFile(path, []byte("{ broken"), 0o600); err != nil {
			w.t.Fatal(err)
		}
		return
	}
	if name == "restore.partial" || name == "backup.tmp" {
		if err := os.Mkdir(path, 0o700); err != nil {
			w.t.Fatal(err)
		}
		return
	}
	all, err := filepath.Glob(path + "*")
	if err != nil || len(all) == 0 {
		w.t.Fatalf("%s is not there: %v", name, err)
	}
	if name == "store" || name == "spool" || name == "queue.db" || name == "own-mail.secret" ||
		name == "queue.scoring" {
		all = []string{path}
	}
	for _, file := range all {
		if err := os.RemoveAll(file); err != nil {
			w.t.Fatal(err)
		}
	}
}
