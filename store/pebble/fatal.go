package pebble

import (
	"fmt"
	"runtime"
	"sync"

	"clawback/store/rows"
)

// fatal is Pebble's logger, and what is left of an engine after it. Pebble calls Fatalf where it cannot go on, such as
// after its log could not be written, and counts on not coming back. Its own logger ends the process; this one ends the
// goroutine and breaks the engine, so that the daemon stops in order. What that goroutine held stays held: whoever
// waits for Pebble stops waiting when the engine is broken, and nobody calls it again.
type fatal struct {
	log    func(text string)
	broken chan struct{} // closed when err is set

	mu  sync.Mutex
	err error // owned by mu
}

func newFatal(log func(string)) *fatal {
	if log == nil {
		log = func(string) {}
	}
	return &fatal{log: log, broken: make(chan struct{})}
}

// Infof implements pebble.Logger. Pebble tells of every table that it writes, which nobody would read.
func (f *fatal) Infof(string, ...any) {}

// Errorf implements pebble.Logger.
func (f *fatal) Errorf(format string, args ...any) { f.log(fmt.Sprintf(format, args...)) }

// Fatalf implements pebble.Logger. It does not return.
func (f *fatal) Fatalf(format string, args ...any) {
	f.set(fmt.Errorf(format, args...))
	runtime.Goexit()
}

func (f *fatal) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.err = fmt.Errorf("%w: %w", rows.ErrStorage, err)
		close(f.broken)
		f.log(f.err.Error())
	}
}

// failure is why the engine is broken; nil while it is not.
func (f *fatal) failure() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// run calls fn, which may end in Fatalf or in a panic of Pebble's, in a goroutine of its own, and waits for it,
// or until the engine is broken: a goroutine of Pebble's may have failed that fn waits for.
func (f *fatal) run(fn func() error) error {
	if err := f.failure(); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				f.set(fmt.Errorf("panic: %v", p))
			}
		}()
		done <- fn()
	}()
	select {
	case err, whole := <-done:
		if whole {
			return err
		}
	case <-f.broken:
	}
	return f.failure()
}
