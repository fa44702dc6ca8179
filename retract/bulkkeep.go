package retract

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// keepJobs is how long a bulk job is listed after its end. Who asked for it, and why, stays in the audit.
const keepJobs = 90 * day

// unfinished are the jobs that have something left to do. Those that ended are not read again, and dropped in their time.
// It is called by one goroutine, which owns ended.
func (e *Engine) unfinished(ctx context.Context) (list []Job, err error) {
	keys, err := e.o.Store.MetaKeys(ctx, jobPrefix)
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	for _, k := range keys {
		id := strings.TrimPrefix(k, jobPrefix)
		at, ended := e.ended[id]
		if !ended {
			j, err := e.loadJob(ctx, id)
			if err != nil {
				return nil, err
			}
			if !j.ended() {
				list = append(list, j)
				continue
			}
			at, e.ended[id] = j.Changed, j.Changed
		}
		if err := e.dropJob(ctx, id, at); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// dropJob forgets a job that ended long enough ago. A crash between its two rows has it dropped the next time.
func (e *Engine) dropJob(ctx context.Context, id string, ended time.Time) error {
	if e.now().Sub(ended) < keepJobs {
		return nil
	}
	for _, key := range []string{idsPrefix + id, jobPrefix + id} {
		if err := e.o.Store.PutMeta(ctx, key, nil); err != nil {
			return fmt.Errorf("drop job %s: %w", id, err)
		}
	}
	delete(e.ended, id)
	return nil
}
