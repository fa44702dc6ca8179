package memory

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
	"time"

	"clawback/queue"
	"clawback/spool"
)

// A body's name is one of these and the id of its item.
const (
	bodyPrefix = "memory/"
	keptPrefix = "kept/" // the long-lived copy
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func bodyRef(id string, body []byte) spool.Ref {
	return spool.Ref{File: bodyPrefix + id, Size: int64(len(body)), CRC: crc32.Checksum(body, castagnoli)}
}

// Bodies are the bodies that the server holds, those of finished items as well.
type Bodies struct{ *Server }

var _ spool.Keeper = Bodies{}

// Open opens a body: spool.ErrMissing when it is not there.
func (b Bodies) Open(ctx context.Context, ref spool.Ref) (spool.Body, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.open(ref)
}

// open opens a body. The caller holds mu.
func (s *Server) open(ref spool.Ref) (spool.Body, error) {
	text, ok := s.bodies[ref.File]
	if !ok {
		return nil, fmt.Errorf("open %s: %w", ref.File, spool.ErrMissing)
	}
	return body{strings.NewReader(text)}, nil
}

type body struct{ *strings.Reader }

func (body) Close() error { return nil }

// Keep notes the bytes under a second name.
func (b Bodies) Keep(ctx context.Context, ref spool.Ref) (spool.Ref, error) {
	if err := ctx.Err(); err != nil {
		return spool.Ref{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	text, ok := b.bodies[ref.File]
	if !ok {
		return spool.Ref{}, fmt.Errorf("keep %s: %w", ref.File, spool.ErrMissing)
	}
	if crc32.Checksum([]byte(text), castagnoli) != ref.CRC {
		return spool.Ref{}, fmt.Errorf("keep %s: %w", ref.File, spool.ErrCorrupt)
	}
	kept := ref
	kept.File = keptPrefix + strings.TrimPrefix(ref.File, bodyPrefix)
	b.bodies[kept.File] = text
	return kept, nil
}

// Expire removes what came before a time and is not in use. It holds no lock while it asks.
func (b Bodies) Expire(
	ctx context.Context, before, keptBefore time.Time, inUse spool.InUse,
) (done spool.Expired, err error) {
	for _, name := range b.cameBefore(before, keptBefore) {
		used, err := inUse(ctx, name)
		if err != nil {
			return done, fmt.Errorf("expire %s: %w", name, err)
		}
		if used {
			done.InUse++
			continue
		}
		b.mu.Lock()
		done.Files++
		done.Bytes += int64(len(b.bodies[name]))
		delete(b.bodies, name)
		b.mu.Unlock()
	}
	return done, nil
}

func (b Bodies) cameBefore(before, keptBefore time.Time) (names []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for name := range b.bodies {
		limit, id := before, strings.TrimPrefix(name, bodyPrefix)
		if kept, ok := strings.CutPrefix(name, keptPrefix); ok {
			limit, id = keptBefore, kept
		}
		if queue.IDTime(id).Before(limit) {
			names = append(names, name)
		}
	}
	return names
}

// Detach has nothing to do: each body stands alone.
func (Bodies) Detach(context.Context, time.Time, spool.Needs) (spool.Detached, error) {
	return spool.Detached{}, nil
}

// Size is the length of all bodies.
func (b Bodies) Size(context.Context) (sum int64, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, text := range b.bodies {
		sum += int64(len(text))
	}
	return sum, nil
}

// Memory: bodies on their way are not counted.
func (Bodies) Memory() spool.Memory { return spool.Memory{} }

// Broken is never closed.
func (Bodies) Broken() <-chan struct{} { return nil }

// Close has nothing to release.
func (Bodies) Close() error { return nil }

// Body opens the bytes of an item, which is quarantined when they are missing.
func (q *Queue) Body(ctx context.Context, it queue.Item) (spool.Body, error) {
	end, err := q.begin(ctx)
	if err != nil {
		return nil, err
	}
	b, err := q.open(it.Body)
	end()
	if err != nil {
		err = errors.Join(err, q.Quarantine(ctx, it.ID, queue.CauseLost, err.Error()))
	}
	return b, err
}

// InUse reports whether an item, or a bounce that was not sent yet, refers to a body.
func (q *Queue) InUse(ctx context.Context, file string) (bool, error) {
	bodies, _, err := q.Bodies(ctx, file)
	return len(bodies) > 0, err
}

// Bodies is the body of that name, where an item, or a bounce that was not sent yet, refers to it.
func (q *Queue) Bodies(ctx context.Context, file string) (bodies []spool.Ref, whole bool, err error) {
	end, err := q.begin(ctx)
	if err != nil {
		return nil, false, err
	}
	defer end()
	if it, held := q.items[strings.TrimPrefix(file, bodyPrefix)]; held {
		return []spool.Ref{it.Body}, false, nil
	}
	for _, b := range q.bounces {
		if b.Body.File == file && b.State != queue.BounceSent {
			return []spool.Ref{b.Body}, false, nil
		}
	}
	return nil, false, nil
}
