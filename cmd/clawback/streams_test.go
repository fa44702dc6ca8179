package main

import (
	"os"
	"path/filepath"
	"testing"
)

// The log finds out by the stream's inode whether journald reads it: it must be handed the stream itself.
func TestRun_theLogHasTheStreamItself(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	a := &app{ctx: t.Context(), in: file, out: file, errOut: file, files: files}
	if a.run([]string{"version"}); a.rawErr != file || a.errOut == file {
		t.Errorf("the log would write to %T", a.rawErr)
	}
}
