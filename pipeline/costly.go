package pipeline

import (
	"context"
	"io"

	"clawback/journal"
	"clawback/queue"
)

// headSize is how much of a report is unwrapped when all of it costs too much: an envelope part of some 40,000
// recipients.
const headSize = 4 << 20

// tooCostly ends a message whose unwrapping ran over its time. Whose it is the outer header says, and for whom it was
// the envelope part, which Exchange puts first: both are read again without the rest. What is attributed is committed
// with the verdict of what was read of it, or bounced; it is quarantined only where nothing says whose it is.
func (j *job) tooCostly(ctx context.Context) ending {
	const why = "unwrapping it took longer than any report needs, and was stopped"
	switch err := j.readHead(); {
	case overran(err):
		return quarantine(queue.CauseFault, "%s; its header could not be read in time either", why)
	case err != nil:
		return j.failed("read the header", err)
	}
	if j.item.Envelope.Purpose != queue.ForJournal { // submissions and recovered mail are never bounced
		return quarantine(queue.CauseFault, "%s", why)
	}
	doubts := j.unattributed()
	switch {
	case doubts != "":
		return quarantine(doubt(j.item.Envelope), "%s; %s", doubts, why)
	case j.outerIsOwn():
		return j.ownReturned()
	case !j.committable():
		return ending{how: bounced, why: why}
	case j.originalIsOwn():
		return ending{how: processed, why: "our own mail, journaled back"}
	}
	return j.commit(ctx)
}

// readHead unwraps the beginning of the message, or where that is too costly too, its header.
func (j *job) readHead() error {
	size := j.body.Size()
	read := func(name string, parse func(io.ReaderAt) (*journal.Report, error)) (err error) {
		j.report, err = stage(j.Pipeline, name, j.limit, func(ctx context.Context) (*journal.Report, error) {
			return parse(bound(ctx, j.body))
		})
		return err
	}
	err := read("unwrap the beginning", func(r io.ReaderAt) (*journal.Report, error) {
		return j.unwrapHead(r, size, headSize)
	})
	if j.cut = err == nil; j.cut {
		return nil
	}
	return read("read the header", func(r io.ReaderAt) (*journal.Report, error) { return journal.ParseOuter(r, size) })
}

// committable reports whether the beginning has all that a record needs: who sent it, all for whom, and what was
// journaled.
// The envelope part is whole where the original follows it.
func (j *job) committable() bool {
	r := j.report
	return j.cut && r.Kind == journal.KindReport && r.Sender != "" && len(r.Recipients) > 0 && len(r.Originals) > 0
}
