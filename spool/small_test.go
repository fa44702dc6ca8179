package spool

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// 64 sessions with a message of 50 KB each must not hold 64 MiB, nor must one that only announces a large one.
func TestSmall_memoryGrowsWithTheMessage(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	for _, test := range []struct{ written, want int }{
		{0, 0}, {100, 16 << 10}, {50 << 10, 64 << 10}, {DefaultInlineLimit, DefaultInlineLimit},
	} {
		b := s.Begin(0, Regular)
		for range test.written {
			_, _ = b.Write([]byte{1})
		}
		if cap(b.buf) > test.want {
			t.Errorf("%d bytes hold %d, want at most %d", test.written, cap(b.buf), test.want)
		}
		b.Release()
	}
}

// Direct I/O wants whole blocks at addresses of whole blocks; otherwise every write goes through the page cache.
func TestBuffers_areBlocks(t *testing.T) {
	var p buffers
	for n := 1; n <= 3<<20; n += n/3 + 1 {
		b := p.get(n)
		if at := uintptr(unsafe.Pointer(unsafe.SliceData(b))); at%block != 0 || cap(b)%block != 0 || cap(b) < n {
			t.Errorf("for %d bytes: %d at %#x", n, cap(b), at)
		}
		p.recycle(b)
	}
}

// A body is the same bytes wherever it goes on into a file, and whatever the limit is.
func TestSmall_spill(t *testing.T) {
	for _, n := range []int{1, block - 1, block, block + 1, 100_000, piece - 1, piece, piece + 1, 2*piece + 5, syncStep + block} {
		for _, more := range []int{0, 1, block, piece, syncStep + 3} {
			s := open(t, t.TempDir(), Options{})
			want := content(n + more)
			b := s.Begin(0, Regular)
			_, _ = b.Write(want[:n])
			large, err := b.Spill()
			if err != nil {
				t.Fatal(err)
			}
			b.Release()
			if _, err := io.Copy(large, bytes.NewReader(want[n:])); err != nil {
				t.Fatal(err)
			}
			r, err := large.Commit()
			if err != nil {
				t.Fatalf("%d and %d bytes: %v", n, more, err)
			}
			wantBody(t, s, r, want)
			if size := files(t, s.dir)[r.File]; size != int64(n+more) {
				t.Errorf("%d and %d bytes: the file has %d", n, more, size)
			}
		}
	}
}

// The bodies of a batch lie one after another in whole blocks, and nothing of a buffer's last use stands between them.
func TestAppend_padsWithZeros(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	appendAll(t, s, content(3*block), content(3*block))
	refs := appendAll(t, s, content(5), content(block+1))
	whole, err := os.ReadFile(filepath.Join(dir, refs[0].File))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range refs {
		if end := r.Offset + r.Size; len(bytes.Trim(whole[end:blocks(end)], "\x00")) > 0 {
			t.Errorf("behind the body at %d stands something", r.Offset)
		}
	}
}

// Whatever a file system thinks of direct I/O, and of odd lengths, the bytes arrive.
func TestOSFile_directOrNot(t *testing.T) {
	for _, dir := range []string{t.TempDir(), "/dev/shm"} {
		name := filepath.Join(dir, "clawback-spool-direct")
		f, err := OS().OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR|unix.O_DIRECT, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer os.Remove(name)
		defer f.Close()
		want := content(2*block + 10)
		aligned := append(new(buffers).get(block), want[:block]...)
		if _, err := f.Write(aligned); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Pwritev([][]byte{want[block : block+1], want[block+1 : 2*block]}, block); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Pwritev([][]byte{want[2*block:]}, 2*block); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, %v, not the %d that were written", dir, len(got), err, len(want))
		}
	}
}
