package pipeline

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	"clawback/journal"
	"clawback/score"
	"clawback/score/engines"
	"clawback/store"
	"clawback/verdict"
)

// blocked is an engine that answers of one sender's mail when it is told to.
type blocked struct {
	sender string
	asked  chan struct{} // closed when it is asked of that
	answer chan struct{}
}

func (b *blocked) Name() string { return "rspamd" }

func (b *blocked) Ask(_ context.Context, m engines.Message) ([]engines.Finding, error) {
	if m.Sender == b.sender {
		close(b.asked)
		<-b.answer
	}
	return nil, nil
}

// While an engine, or a stage, keeps one message, all that waits goes on to its verdict: more than are in flight at
// once, and with one thread for stages too. The one gets its verdict when the answer is there.
func TestRun_oneSlowMessageKeepsNoBacklog(t *testing.T) {
	slow, other := demoReport(t, "01-credential-phish.eml"), demoReport(t, "04-colleague.eml")
	report, err := journal.Parse(bytes.NewReader(slow), int64(len(slow)))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		keeps   string
		threads int
	}{{"engine", 1}, {"engine", 4}, {"unwrap", 1}, {"unwrap", 4}} {
		t.Run(fmt.Sprintf("%s, %d threads", row.keeps, row.threads), func(t *testing.T) {
			f := newFixture(t)
			f.p.threads.most = row.threads
			b := &blocked{asked: make(chan struct{}), answer: make(chan struct{})}
			if row.keeps == "engine" {
				b.sender = report.Sender
			}
			set := engines.Set{Engines: []engines.Engine{b}, Timeout: time.Hour}
			f.p.o.Scorer = scorerFunc(func(ctx context.Context, m score.Message) (score.Result, error) {
				set.Ask(ctx, engines.Message{Sender: m.Sender})
				return result(verdict.Clean), nil
			})
			if row.keeps == "unwrap" {
				f.p.unwrap = func(r io.ReaderAt, size int64) (*journal.Report, error) {
					if size == int64(len(slow)) {
						close(b.asked)
						<-b.answer
					}
					return journal.Parse(r, size)
				}
			}
			backlog := 2*f.p.o.InFlight + 1
			judged := make(chan string, backlog+1)
			f.p.o.Done = func(rec store.Record) { judged <- rec.Sender }
			f.put(envelope(), slow)
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- f.p.Run(ctx) }()
			<-b.asked
			for n := range backlog {
				id := fmt.Appendf(nil, "Message-ID: <%d.", n)
				f.put(envelope(), bytes.ReplaceAll(other, []byte("Message-ID: <"), id))
			}
			for range backlog {
				if sender := <-judged; sender == report.Sender {
					t.Error("the slow one has a verdict before its answer")
				}
			}
			close(b.answer)
			if sender := <-judged; sender != report.Sender {
				t.Errorf("after the answer %s has a verdict", sender)
			}
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}
