package crash

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"clawback/api"
	"clawback/api/client"
	"clawback/internal/test/testbed"
)

// scored is what the daemon notes of the items that it scores.
func scored(bed *testbed.Bed) []byte {
	body, _ := os.ReadFile(filepath.Join(bed.File("state"), "queue.scoring"))
	return body
}

// Three kills from outside within seconds, while many reports are being scored and wait: nobody is put aside, and all
// is done soon after.
func TestSuspects_threeKillsConvictNobody(t *testing.T) {
	bed := newBed(t)
	s := &sender{t: t, bed: bed}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	for range 3 {
		if err := bed.Start(ctx, "CLAWBACK_FAILPOINT=stage.score=slow"); err != nil {
			t.Fatalf("%v\n%s", err, bed.LogTail())
		}
		s.some(ctx, 20)
		time.Sleep(300 * time.Millisecond)
		bed.Kill()
	}
	started := time.Now()
	finish(ctx, t, bed, s)
	t.Logf("all is done %v after the last start", time.Since(started).Round(time.Millisecond))
}

// The process ends whenever one report is scored. The others are done meanwhile, however many times it ends, and none
// of them is put aside.
func TestSuspects_oneThatEndsTheProcess(t *testing.T) {
	bed := newBed(t)
	s := &sender{t: t, bed: bed}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	if err := bed.Start(ctx, "CLAWBACK_FAILPOINT=stage.score=spin"); err != nil {
		t.Fatalf("%v\n%s", err, bed.LogTail())
	}
	poison := s.open1(ctx)
	bed.Kill()
	kills := 0
	for deadline := time.Now().Add(5 * time.Minute); kills < 2 && time.Now().Before(deadline); {
		if err := bed.Start(ctx, "CLAWBACK_FAILPOINT=stage.score=slow"); err != nil {
			t.Fatalf("%v\n%s", err, bed.LogTail())
		}
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			s.some(ctx, 10)
		}()
		for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
			if bytes.Contains(scored(bed), []byte(poison)) {
				kills++
				break
			}
		}
		bed.Kill()
		<-sent
	}
	t.Logf("the process has ended %d times because of it", kills)
	if kills < 2 {
		t.Error("too few: the test shows nothing")
	}
	if err := bed.Start(ctx, "CLAWBACK_FAILPOINT=stage.score=slow"); err != nil {
		t.Fatalf("%v\n%s", err, bed.LogTail())
	}
	it, err := client.Do(ctx, bed.Client, api.ShowItem, api.ItemRef{ID: poison})
	if err != nil || it.CrashesAlone == 0 || it.CrashesAlone > kills {
		t.Errorf("it is %+v after %d kills, %v", it, kills, err)
	}
	bed.Kill()
	finish(ctx, t, bed, s)
}

// some sends so many letters over one connection, as long as it holds.
func (s *sender) some(ctx context.Context, n int) {
	conn, err := s.bed.Dial(ctx)
	if err != nil {
		return
	}
	defer conn.Close()
	for range n {
		l := s.nextLetter()
		err := send(conn, l.report)
		s.settle(l, err == nil)
		if err != nil {
			return
		}
	}
}

// open1 sends one letter and gives the id of its item, which is being scored.
func (s *sender) open1(ctx context.Context) (id string) {
	s.t.Helper()
	conn, err := s.bed.Dial(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	l := s.nextLetter()
	err = send(conn, l.report)
	s.settle(l, err == nil)
	for ctx.Err() == nil {
		if id, _, ok := bytes.Cut(bytes.TrimLeft(scored(s.bed), "\x00"), []byte("\n")); ok {
			return string(id)
		}
		time.Sleep(time.Millisecond)
	}
	s.t.Fatalf("nothing is scored: %v", err)
	return ""
}

// SIGTERM ends the daemon whatever a worker does, in order, and the item comes back as it was.
func TestStop_whateverAWorkerDoes(t *testing.T) {
	bed := newBed(t)
	s := &sender{t: t, bed: bed}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	if err := bed.Start(ctx, "CLAWBACK_FAILPOINT=stage.score=spin"); err != nil {
		t.Fatalf("%v\n%s", err, bed.LogTail())
	}
	id := s.open1(ctx)
	started := time.Now()
	if err := bed.Stop(); err != nil {
		t.Errorf("stop: %v\n%s", err, bed.LogTail())
	}
	t.Logf("stopped after %v, with a worker in a loop without end", time.Since(started).Round(time.Millisecond))
	if err := bed.Start(ctx, "CLAWBACK_FAILPOINT=stage.score=slow"); err != nil {
		t.Fatalf("%v\n%s", err, bed.LogTail())
	}
	it, err := client.Do(ctx, bed.Client, api.ShowItem, api.ItemRef{ID: id})
	if err == nil && it.Crashes != 0 {
		t.Errorf("the item is %+v; want no crash held against it", it)
	}
	settle(ctx, t, bed, s)
}
