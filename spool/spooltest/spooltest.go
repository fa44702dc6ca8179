// Package spooltest is the contract of what keeps bodies, as tests: what any spool.Keeper must do, on a disk or in a
// database.
//
// Reads and writes: what the implementation's Harness opens.
//
// On failure: the test fails.
package spooltest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"clawback/spool"
)

// Harness is a Keeper that holds nothing yet.
type Harness struct {
	Keeper spool.Keeper
	Put    func(body []byte) spool.Ref // has a body come in
	Clock  func(now time.Time)         // says what time it is for what comes in
}

// Run runs the contract. fresh makes a Harness for each test.
func Run(t *testing.T, fresh func(t *testing.T) Harness) {
	for name, test := range map[string]func(*testing.T, Harness){
		"Open": open, "Open_concurrently": openConcurrently, "Open_missing": openMissing,
		"Keep": keep, "Keep_outlivesTheBody": keepOutlivesTheBody, "Keep_refuses": keepRefuses,
		"Expire": expire, "Expire_unsure": expireUnsure, "Detach": detach,
	} {
		t.Run(name, func(t *testing.T) { test(t, fresh(t)) })
	}
}

// arrival is when the first bodies come; after it and long after it are the times of other steps.
var arrival = time.Date(2026, 11, 21, 19, 6, 12, 0, time.UTC)

var (
	after = arrival.Add(3 * time.Hour)
	long  = arrival.Add(48 * time.Hour)
)

// using is that so many bodies are needed.
type using []spool.Ref

func (u using) inUse(_ context.Context, file string) (bool, error) {
	return slices.ContainsFunc(u, func(r spool.Ref) bool { return r.File == file }), nil
}

func (u using) needs(_ context.Context, file string) (bodies []spool.Ref, whole bool, err error) {
	for _, r := range u {
		if r.File == file {
			bodies = append(bodies, r)
		}
	}
	return bodies, false, nil
}

// text makes a body of so many bytes.
func text(size int) []byte {
	b := bytes.Repeat([]byte("0123456789abcdef\r\n"), size/18+1)
	return b[:size]
}

func wantBody(t *testing.T, k spool.Keeper, r spool.Ref, want []byte) {
	t.Helper()
	b, err := k.Open(t.Context(), r)
	if err != nil {
		t.Error(err)
		return
	}
	got, err := io.ReadAll(io.NewSectionReader(b, 0, b.Size()))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, %v; want %d", len(got), err, len(want))
	}
	if err := errors.Join(b.Close(), b.Close()); err != nil {
		t.Errorf("close twice: %v", err)
	}
}

func wantMissing(t *testing.T, k spool.Keeper, r spool.Ref) {
	t.Helper()
	if b, err := k.Open(t.Context(), r); !errors.Is(err, spool.ErrMissing) {
		t.Errorf("open %s: %v, %v; want ErrMissing", r.File, b, err)
	}
}

// wantSize checks that the size does not pass a bound, and is not nothing where there is one.
func wantSize(t *testing.T, k spool.Keeper, atLeast, atMost int64) {
	t.Helper()
	if n, err := k.Size(t.Context()); err != nil || n < atLeast || n > atMost {
		t.Errorf("%d bytes, %v; want %d to %d", n, err, atLeast, atMost)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
