package score

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// spinning is input of which nothing ever comes: whoever reads it computes without end.
type spinning struct{ read chan struct{} }

func (s spinning) Read([]byte) (int, error) {
	select {
	case s.read <- struct{}{}:
	default:
	}
	return 0, nil
}

// Whatever a file makes of its reader, the end of the context ends the run: while nothing comes of the input, while a
// file cannot be opened, behind results that were told, and before anything was begun.
func TestFiles_endsWithItsContext(t *testing.T) {
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	mail := fileOf(t, dir, "mail.eml", plainMail("x"))
	silent, writer := io.Pipe()
	t.Cleanup(func() { writer.Close() })
	for name, c := range map[string]struct {
		stdin io.Reader
		paths []string
		told  int
	}{
		"input that does not come":        {silent, []string{"-"}, 0},
		"a file that does not open":       {nil, []string{fifo}, 0},
		"more of these than workers":      {silent, []string{fifo, "-", fifo, "-", fifo, "-", mail}, 0},
		"one that is behind another file": {silent, []string{mail, "-", mail}, 1},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		told := 0
		if c.told == 0 {
			cancel()
		}
		err := Files(ctx, s, c.paths, FilesOptions{Workers: 2, Stdin: c.stdin}, func(FileResult) error {
			told++
			cancel()
			return nil
		})
		if !errors.Is(err, context.Canceled) || told != c.told {
			t.Errorf("%s: %v after %d results, want %d", name, err, told, c.told)
		}
	}
}

func TestFiles_endsWhileAFileComputesWithoutEnd(t *testing.T) {
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	in := spinning{make(chan struct{})}
	stop := errors.New("the test is over")
	ended := make(chan error)
	go func() {
		ended <- Files(ctx, s, []string{"-"}, FilesOptions{Workers: 1, Stdin: io.MultiReader(strings.NewReader("x"), endable{in, t.Context(), stop})},
			func(FileResult) error { return errors.New("there is no result") })
	}()
	<-in.read // it computes
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// endable ends a reader with the test, that it does not compute beside the others.
type endable struct {
	io.Reader
	ctx context.Context
	err error
}

func (e endable) Read(p []byte) (int, error) {
	if e.ctx.Err() != nil {
		return 0, e.err
	}
	return e.Reader.Read(p)
}
