package journal

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// What a report tells is its own: nothing of it lies in a buffer that the next message is read with.
func TestParse_keepsNothingOfItsBuffers(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(goldenDir, "*.eml"))
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	var reports []*Report
	var told []string
	for _, name := range files {
		message, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Parse(bytes.NewReader(message), int64(len(message)))
		if err != nil {
			t.Fatal(err)
		}
		reports, told = append(reports, r), append(told, fmt.Sprintf("%+v", *r))
	}
	other := bytes.Repeat([]byte("X-Other: "+string(bytes.Repeat([]byte("z"), 900))+"\r\n"), 60)
	if _, err := Parse(bytes.NewReader(other), int64(len(other))); err != nil {
		t.Fatal(err)
	}
	for i, r := range reports {
		if got := fmt.Sprintf("%+v", *r); got != told[i] {
			t.Errorf("%s tells\n%s\nand told\n%s", files[i], got, told[i])
		}
	}
}
