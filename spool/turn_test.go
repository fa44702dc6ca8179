package spool

import (
	"testing"
	"testing/synctest"
	"time"
)

// A body whose peer is slow keeps its turn: others go on without, after a moment.
func TestTurn_waitsNotForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := make(chan struct{}, 1)
		slow, other := turn{turns: turns}, turn{turns: turns}
		slow.wait()
		began := time.Now()
		other.wait()
		if took := time.Since(began); took != patience || other.mine {
			t.Errorf("waited %v, mine %v; want %v and no turn", took, other.mine, patience)
		}
		other.done()
		if len(turns) != 1 {
			t.Error("done gave somebody else's turn back")
		}
		slow.done()
		other.wait()
		if !other.mine {
			t.Error("a free turn was not taken")
		}
	})
}

func TestBlob_givesItsTurnBack(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	commitBlob(t, s, content(3*piece))
	aborted, err := s.Create()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := aborted.Write(content(piece)); err != nil || len(s.turns) != 1 {
		t.Fatalf("%d turns are taken, %v; want the one of the body on its way", len(s.turns), err)
	}
	aborted.Abort()
	if n := len(s.turns); n != 0 {
		t.Errorf("%d turns were not given back", n)
	}
}
