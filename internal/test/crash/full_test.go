package crash

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"clawback/api"
	"clawback/api/client"
	"clawback/internal/test/graphsim"
	"clawback/internal/test/needs"
	"clawback/internal/test/testbed"
)

// disk is a tmpfs of 256 MiB that holds the daemon's state, and a file in it that takes the space away.
type disk struct {
	t   *testing.T
	dir string
}

const diskSize = 256 << 20

// mountState puts the bed's state_dir on a disk of its own.
func mountState(t *testing.T, bed *testbed.Bed, options string) disk {
	t.Helper()
	return mountAt(t, bed.File("state"), diskSize, options)
}

// mountAt puts a directory on a disk of its own.
func mountAt(t *testing.T, dir string, size int64, options string) disk {
	t.Helper()
	d := disk{t, dir}
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	needs.Ability(t, "the right to mount a tmpfs",
		unix.Mount("tmpfs", d.dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0700%s", size, options)))
	t.Cleanup(func() { // before the bed's own, which waits for the daemon: the mount goes when that has ended
		if err := unix.Unmount(d.dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return d
}

func (d disk) ballast() string { return filepath.Join(d.dir, "ballast") }

// fill leaves so many octets free.
func (d disk) fill(leave int64) {
	d.t.Helper()
	d.free()
	d.top(leave)
}

// left is how many octets are free.
func (d disk) left() int64 {
	d.t.Helper()
	var st unix.Statfs_t
	if err := unix.Statfs(d.dir, &st); err != nil {
		d.t.Fatal(err)
	}
	return int64(st.Bavail) * st.Bsize
}

// top takes what has become free since fill, until so many octets are left.
func (d disk) top(leave int64) {
	d.t.Helper()
	n := d.left() - leave
	if n <= 0 {
		return
	}
	f, err := os.OpenFile(d.ballast(), os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		d.t.Fatal(err)
	}
	_, err = f.Write(make([]byte, n))
	if err := errors.Join(err, f.Close()); err != nil && !errors.Is(err, unix.ENOSPC) {
		d.t.Fatal(err)
	}
}

func (d disk) free() {
	d.t.Helper()
	if err := os.Remove(d.ballast()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		d.t.Fatal(err)
	}
}

func newFullBed(t *testing.T, minFree, mount string) (*testbed.Bed, disk) {
	t.Helper()
	needs.Time(t, "a daemon for each full disk", "make crash")
	bed, err := testbed.New(testbed.Options{Binary: binary, Tenants: []testbed.Tenant{organisation},
		Sim:    graphsim.Options{Seed: *seed, Rates: graphsim.Calm(), Latency: 2 * time.Millisecond},
		Config: "[spool]\nmin_free = " + minFree + "\nmin_free_percent = 0\n",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bed.Close)
	for n := range mailboxes {
		bed.Sim.AddUser(graphsim.User{Tenant: organisation.ID, UPN: mailboxName(n)})
	}
	return bed, mountState(t, bed, mount)
}

// The disk is full but for min_free: new mail gets 452 4.3.1, what was accepted is worked off, SIGKILL at random
// moments loses nothing, and when there is space again the same process takes mail again.
func TestFull_refusesAndResumesWithoutRestart(t *testing.T) {
	bed, d := newFullBed(t, `"16MiB"`, "")
	s := &sender{t: t, bed: bed}
	random := rand.New(rand.NewPCG(*seed, 1))
	ctx, cancel := context.WithTimeout(t.Context(), 80*time.Minute)
	defer cancel()
	for range max(2, *rounds/2) {
		mustStart(ctx, t, bed)
		d.fill(16<<20 + int64(random.IntN(2<<20)))
		s.loadFor(ctx, 100+random.IntN(300))
		d.wantRefused(ctx, bed, 16<<20)
		s.loadAndKill(ctx, 3, time.Duration(random.IntN(200))*time.Millisecond)
		d.free()
	}
	mustStart(ctx, t, bed)
	pid := bed.Pid()
	s.loadFor(ctx, 300)
	d.fill(16 << 20)
	before := len(s.all)
	s.loadFor(ctx, 300)
	d.wantRefused(ctx, bed, 16<<20)
	if err := idle(ctx, bed, before); err != nil {
		t.Errorf("what was accepted was not worked off while the disk was full: %v", err)
	}
	d.free()
	s.flush(ctx)
	if pid != bed.Pid() || ended(bed) {
		t.Errorf("the daemon did not go on: %s", lastWords(bed))
	}
	settle(ctx, t, bed, s)
}

// The disk is full to the last octet, under the feet of spool, queue and store at any moment. The daemon may end, as it
// does when it cannot tell what is durable; when there is space again and it was started again, every 250 is there,
// once.
func TestFull_toTheLastOctet(t *testing.T) {
	bed, d := newFullBed(t, "0", "")
	s := &sender{t: t, bed: bed}
	random := rand.New(rand.NewPCG(*seed, 2))
	ctx, cancel := context.WithTimeout(t.Context(), 80*time.Minute)
	defer cancel()
	died, refused := 0, 0
	for range max(4, *rounds) {
		d.free()
		mustStart(ctx, t, bed)
		s.loadFor(ctx, 20+random.IntN(100))
		d.fill(int64(random.IntN(256 << 10)))
		s.loadFor(ctx, 50+random.IntN(300))
		switch {
		case ended(bed):
			died++
			t.Logf("the daemon ended: %s", lastWords(bed))
		default:
			refused++
			s.loadAndKill(ctx, 3, time.Duration(random.IntN(100))*time.Millisecond)
		}
		if err := bed.Start(ctx); err == nil { // on a disk that is still full
			s.loadAndKill(ctx, 3, time.Duration(random.IntN(100))*time.Millisecond)
		}
	}
	t.Logf("the daemon ended by itself in %d rounds and went on in %d", died, refused)
	d.free()
	finish(ctx, t, bed, s)
}

// There is space, and too few files can be made: 452 4.3.1, until some are gone.
func TestFull_inodes(t *testing.T) {
	bed, d := newFullBed(t, "0", ",nr_inodes=3000")
	s := &sender{t: t, bed: bed}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	mustStart(ctx, t, bed)
	s.loadFor(ctx, 300)
	litter := filepath.Join(d.dir, "litter")
	if err := os.Mkdir(litter, 0o700); err != nil {
		t.Fatal(err)
	}
	for n := range 2500 {
		if err := os.WriteFile(filepath.Join(litter, fmt.Sprint(n)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, wrong := range notRefused(ctx, t, bed) {
		t.Error(wrong)
	}
	if err := os.RemoveAll(litter); err != nil {
		t.Fatal(err)
	}
	s.loadFor(ctx, 300)
	if ended(bed) {
		t.Errorf("the daemon did not go on: %s", lastWords(bed))
	}
	settle(ctx, t, bed, s)
}

func mustStart(ctx context.Context, t *testing.T, bed *testbed.Bed) {
	t.Helper()
	if err := bed.Start(ctx, "CLAWBACK_FAILPOINT="+often); err != nil {
		t.Fatalf("%v\n%s", err, bed.LogTail())
	}
}

func (s *sender) loadFor(ctx context.Context, milliseconds int) {
	round, stop := context.WithTimeout(ctx, time.Duration(milliseconds)*time.Millisecond)
	defer stop()
	s.load(round, 3)
}

func ended(bed *testbed.Bed) bool {
	select {
	case <-bed.Exited():
		return true
	default:
		return false
	}
}

// lastWords is why the daemon says that it ended.
func lastWords(bed *testbed.Bed) string {
	said := bed.LogTail()
	for line := range strings.Lines(said) { // the last of them: the log goes on over all of the daemon's lives
		if strings.Contains(line, "event=daemon.failed") {
			said = strings.TrimSpace(line)
		}
	}
	return said
}

// wantRefused takes the space under the limit, and asks again where the daemon made room meanwhile, as its store's
// compaction does.
func (d disk) wantRefused(ctx context.Context, bed *testbed.Bed, limit int64) {
	d.t.Helper()
	for range 100 {
		d.top(limit - 1<<20)
		wrong := notRefused(ctx, d.t, bed)
		if len(wrong) == 0 {
			return
		}
		if d.left() < limit {
			d.t.Errorf("%d octets were free, and the limit is %d: %s", d.left(), limit, strings.Join(wrong, "; "))
			return
		}
	}
	d.t.Error("the disk could not be kept full: the daemon frees space without end")
}

// notRefused is what is wrong with the answer to MAIL while there is no space, and with the status, which must tell a
// person of it.
func notRefused(ctx context.Context, t *testing.T, bed *testbed.Bed) (wrong []string) {
	t.Helper()
	conn, err := bed.Dial(ctx)
	if err != nil {
		t.Fatalf("%v\n%s", err, bed.LogTail())
	}
	defer conn.Close()
	r, err := conn.Cmd("MAIL FROM:<> SIZE=1000000")
	if err != nil || r.Code != 452 || !strings.HasPrefix(r.Lines[0], "4.3.1 ") {
		wrong = append(wrong, fmt.Sprintf("MAIL on a full disk: %s, %v; want 452 4.3.1", r, err))
	}
	status, err := client.Do(ctx, bed.Client, api.ShowStatus, api.None{})
	if err != nil {
		return append(wrong, fmt.Sprintf("status on a full disk: %v", err))
	}
	if !slices.ContainsFunc(status.Notices, func(n api.Notice) bool { return n.Kind == "mail.deferred" }) {
		wrong = append(wrong, fmt.Sprintf("status on a full disk needs a person for %+v only", status.Notices))
	}
	return wrong
}
