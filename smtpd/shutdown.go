package smtpd

import (
	"context"
	"fmt"
	"time"
)

// Shutdown stops listening, answers 421 to sessions that are between two messages, lets open transfers finish, and
// closes the rest after DrainTimeout or when ctx is done, whichever is first. It returns when no session uses the
// Intake any more, or ctx's error when one still does some seconds after ctx was done.
//
// go-smtp's own Shutdown waits for idle clients and cannot close any (defect H).
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	if !s.closed {
		close(s.stop)
	}
	s.closed = true
	for _, ln := range s.lns {
		ln.Close()
	}
	s.lns = nil
	s.mu.Unlock()

	s.sessions.drain()
	done := make(chan struct{})
	go func() {
		s.sessions.wg.Wait()
		close(done)
	}()
	drain := time.NewTimer(s.limits.DrainTimeout)
	defer drain.Stop()
	select {
	case <-done:
	case <-drain.C:
	case <-ctx.Done():
	}
	s.cut()
	s.sessions.force()
	err := s.finish(ctx, done)
	s.logging.Wait()
	return err
}

const forceTimeout = 5 * time.Second // for a Commit in progress to end

// finish waits for the sessions to end: for forceTimeout at the least, and then until ctx ends.
func (s *Server) finish(ctx context.Context, done <-chan struct{}) error {
	defer s.hand.Close()
	late := time.NewTimer(forceTimeout)
	defer late.Stop()
	select {
	case <-done:
		return nil
	case <-late.C:
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for sessions: %w", ctx.Err())
	}
}
