package bolt

import (
	"errors"

	"clawback/queue"
	"clawback/spool"
)

// put is a new item on its way into the log.
type put struct {
	answer
	item  queue.Item
	entry spool.Entry // its row, without where the body lies when the body is appended with it
	stood bool        // it is in the log or may be, whatever the answer
}

// size is how many bytes are appended for it.
func (p *put) size() int64 {
	n := int64(len(p.entry.Note))
	if p.entry.Body != nil {
		n += p.entry.Body.Size()
	}
	return n
}

// intake is the only writer of the log. Open starts it, Close waits for it.
func (q *Queue) intake() {
	defer close(q.taken)
	for {
		select {
		case p := <-q.puts:
			q.accept(q.gatherPuts(p))
		case a := <-q.probes:
			a.complete(nil)
		case <-q.spool.Broken():
			q.setBroken(spool.ErrBroken)
			refuse(q, q.puts)
			return
		case <-q.quit:
			for len(q.puts) > 0 {
				q.accept(q.gatherPuts(<-q.puts))
			}
			return
		}
	}
}

func (q *Queue) gatherPuts(first *put) []*put {
	size := int64(0)
	return gather(q.puts, first, func(p *put) bool {
		size += p.size()
		return size >= q.o.BatchBytes
	})
}

// accept appends a batch to the log and answers all of it.
func (q *Queue) accept(batch []*put) {
	mark, err := q.appendPuts(batch)
	stood := err == nil || errors.Is(err, spool.ErrLeft)
	if err == nil {
		q.addLogged(batch, mark)
		err = q.fail("c1.after-log")
	}
	for _, p := range batch {
		p.stood = stood
		p.complete(err)
	}
}

// addLogged adds what is in the log now to what waits and to the tally.
func (q *Queue) addLogged(batch []*put, mark spool.Mark) {
	deltas := arrived(batch)
	defer q.tally.hold(deltas)() // the committer may be faster
	q.logged.add(batch, mark)
	_ = q.fail("c1.logged")
	q.tally.arrive(deltas) // wakes who claims, so it comes last
}

// appendPuts makes a batch durable.
func (q *Queue) appendPuts(batch []*put) (spool.Mark, error) {
	if q.isBroken() {
		return spool.Mark{}, queue.ErrStorage
	}
	if err := q.logged.refusal(); err != nil {
		return spool.Mark{}, err
	}
	if err := q.fail("c1.before-log"); err != nil {
		return spool.Mark{}, storage(err)
	}
	entries := make([]*spool.Entry, len(batch))
	for i, p := range batch {
		entries[i] = &p.entry
	}
	mark, err := q.spool.Append(entries)
	if err != nil {
		return spool.Mark{}, storage(err)
	}
	for _, p := range batch {
		if p.entry.Body != nil {
			p.item.Body = p.entry.Ref
		}
	}
	return mark, nil
}

// arrived are the changes of the tally that new items are.
func arrived(batch []*put) []delta {
	deltas := make([]delta, len(batch))
	for i, p := range batch {
		deltas[i] = itemDelta(+1, &p.item)
	}
	return deltas
}
