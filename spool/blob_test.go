package spool

import (
	"errors"
	"syscall"
	"testing"
)

// A sync that fails while a large body arrives is as final as one at its end: the bytes before it may be lost.
func TestBlob_syncFailsOnTheWay(t *testing.T) {
	disk := newFaultFS()
	s := open(t, t.TempDir(), Options{FS: disk})
	b, err := s.Create()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Abort()
	if _, err := b.Write(make([]byte, syncStep-1)); err != nil {
		t.Fatal(err)
	}
	disk.set("sync", fault{err: syscall.EIO})
	if _, err := b.Write([]byte{1}); !errors.Is(err, ErrBroken) || !errors.Is(err, syscall.EIO) {
		t.Errorf("Write = %v, want ErrBroken for EIO", err)
	}
	disk.clear()
	if _, err := b.Commit(); !errors.Is(err, ErrBroken) {
		t.Errorf("Commit after it = %v, want ErrBroken", err)
	}
	select {
	case <-s.Broken():
	default:
		t.Error("the spool is not broken")
	}
}

func TestBlob_longerThanItsSteps(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	want := content(2*syncStep + 5)
	wantBody(t, s, commitBlob(t, s, want), want)
}
