package journal

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"clawback/journal/identity"
)

// Many messages that are read at once, each by several, tell what each tells alone: nothing of one is seen in another,
// whatever buffers they share.
func TestParse_manyAtOnce(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(goldenDir, "*.eml"))
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	var messages [][]byte
	var alone []string
	for _, name := range files {
		message, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		messages, alone = append(messages, message), append(alone, summary(message))
	}
	var all sync.WaitGroup
	for reader := range 8 {
		all.Go(func() {
			for i := range messages {
				n := (i*(2*reader+1) + reader) % len(messages)
				if got := summary(messages[n]); got != alone[n] {
					t.Errorf("%s tells beside others\n%s\nand alone\n%s", files[n], got, alone[n])
				}
			}
		})
	}
	all.Wait()
}

// summary is all that is read of a message: its report, and who its originals are.
func summary(message []byte) string {
	r, err := Parse(bytes.NewReader(message), int64(len(message)))
	if err != nil {
		return err.Error()
	}
	text := ""
	if r.Carried != nil {
		text = fmt.Sprintf("carries %+v\n", *r.Carried)
	}
	r.Carried = nil
	text += fmt.Sprintf("%+v\n", *r)
	for i := range r.Originals {
		is, err := identity.Of(r.Originals[i].Open(bytes.NewReader(message)))
		text += fmt.Sprintf("%+v %v\n", is, err)
	}
	return text
}
