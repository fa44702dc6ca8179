package score

import (
	"bytes"
	"sync"
	"testing"

	"clawback/internal/test/mailgen"
)

// Messages that are judged at once get the verdicts that each gets alone, with its own reasons: nothing of one is seen
// in another's, whatever buffers they share.
func TestScore_manyAtOnce(t *testing.T) {
	s := scorer(t, Options{})
	judged := func(m mailgen.Message) string {
		r, err := s.Score(t.Context(), Message{Original: bytes.NewReader(m.Raw), Size: int64(len(m.Raw)), Sender: m.Sender,
			Recipients: []string{m.Recipient}, Tenant: mailgen.Tenant()})
		if err != nil {
			return err.Error()
		}
		return explained(r)
	}
	messages := mailgen.Generate(1)
	if raced {
		messages = messages[:min(60, len(messages))]
	}
	var alone []string
	for _, m := range messages {
		alone = append(alone, judged(m))
	}
	var all sync.WaitGroup
	for reader := range 4 {
		all.Go(func() {
			for i := range messages {
				n := (i*(2*reader+1) + reader) % len(messages)
				if got := judged(messages[n]); got != alone[n] {
					t.Errorf("%s is judged beside others\n%s\nand alone\n%s", messages[n].Template.Name, got, alone[n])
				}
			}
		})
	}
	all.Wait()
}
