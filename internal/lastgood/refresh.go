package lastgood

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

// After a failed refresh the URL is asked again, less and less often, but never less often than after a good one.
const (
	firstRetry = 5 * time.Minute // and every time, while there is no list at all
	maxRetry   = time.Hour
	fetchTime  = time.Minute // for one refresh
)

// Run refreshes the list until the context ends. Without a URL it only waits.
func (l *List[T]) Run(ctx context.Context) error {
	if l.s.URL == "" {
		<-ctx.Done()
		return nil
	}
	wait, failures := l.firstWait(), 0
	for {
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
		wait = l.s.Interval
		if err := l.Refresh(ctx); err == nil {
			failures = 0
		} else if ctx.Err() == nil {
			l.s.Failed("refresh failed", err)
			wait = min(wait, l.retryIn(failures))
			failures++
		}
	}
}

// firstWait is how long the list in use is still young enough.
func (l *List[T]) firstWait() time.Duration {
	now := l.Current()
	if now.Fetched.IsZero() || now.Origin == Shipped {
		return 0
	}
	return min(max(now.Fetched.Add(l.s.Interval).Sub(l.s.Now()), 0), l.s.Interval)
}

// retryIn backs off. Up to a quarter is left to chance, so that not all come back at once when a server does.
func (l *List[T]) retryIn(failures int) time.Duration {
	wait := firstRetry
	if !l.Current().Fetched.IsZero() {
		wait = min(firstRetry<<min(failures, 10), maxRetry)
	}
	return wait - rand.N(wait/4)
}

// Refresh asks the URL once. A list that is not believed changes nothing (I1).
func (l *List[T]) Refresh(ctx context.Context) error {
	err := l.refresh(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		if l.failing.IsZero() {
			l.failing = l.s.Now()
		}
		l.problem = err.Error()
		return err
	}
	l.problem, l.failing, l.checked = "", time.Time{}, l.s.Now()
	return nil
}

func (l *List[T]) refresh(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	answer, err := l.fetch(ctx)
	if err != nil {
		return fmt.Errorf("fetch list: %w", err)
	}
	list, err := l.s.Parse(answer)
	if err != nil {
		return err
	}
	old, found := l.Current(), Copy[T]{Fetched: l.s.Now().UTC(), URL: l.s.URL, Origin: Refreshed, List: list}
	if old.URL == found.URL { // the first list from another URL has nothing to be compared with
		if err := l.s.Believe(old, found); err != nil {
			return err
		}
	}
	if l.s.Replace != nil {
		l.s.Replace(old, found)
	}
	l.inUse.Store(&found)
	if err := l.writeCopy(saved{Fetched: found.Fetched, URL: found.URL, List: answer}); err != nil {
		return fmt.Errorf("keep list, which is in use: %w", err)
	}
	return nil
}

// fetch reads the URL, within bounds (I3).
func (l *List[T]) fetch(ctx context.Context) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, cmp.Or(l.s.Ask, l.s.URL), nil)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	response, err := l.s.Client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	last := response.Request.URL
	switch {
	case response.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("answer is %s", response.Status)
	case last.Scheme != "https" && strings.HasPrefix(l.s.URL, "https:"):
		return nil, fmt.Errorf("redirected to %s, which is not https", last.Redacted())
	}
	answer, err := io.ReadAll(io.LimitReader(response.Body, l.s.Limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(answer)) > l.s.Limit {
		return nil, fmt.Errorf("it is larger than %d MiB", l.s.Limit>>20)
	}
	return answer, nil
}
