package confined

import (
	"bufio"
	"context"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"syscall"

	"clawback/score/attach"
)

// argument is what a child is started with.
const argument = "inspect-attached-files"

// Bounds of a child. Its memory is mostly what the files of one message unpack to (attach.Limits) and the picture that
// is decoded.
const (
	softMemory = 192 << 20 // the garbage collector works harder above
	hardMemory = 768 << 20 // of data (RLIMIT_DATA): the kernel gives no more, and the child ends
	// Of a goroutine: a decoder that calls itself without end is one file's end, not the machine's.
	maxStack   = 32 << 20
	keepBuffer = 4 << 20 // bytes of contents that are kept for the next request
)

// Program is the file of a program that calls Main before all else, and so can be started as a child.
type Program string

// Main makes this process a child and never returns, if it was started as one. Else it gives the program that it runs,
// by a name that holds also when the file is replaced. Only who calls it can open a Pool: a test that did not would
// start itself again and again.
func Main() Program {
	if len(os.Args) != 2 || os.Args[1] != argument {
		return "/proc/self/exe"
	}
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(400) // the heap of a child is small
	debug.SetMemoryLimit(softMemory)
	debug.SetMaxStack(maxStack)
	unfiltered := confine()
	serve(descriptor(0), descriptor(1), unfiltered)
	os.Exit(0)
	panic("unreachable")
}

// serve answers requests until there are no more.
func serve(in io.Reader, out io.Writer, unfiltered error) {
	h := hello{Version: version}
	if unfiltered != nil {
		h.Filter = unfiltered.Error()
	}
	if writeFrame(out, h) != nil {
		return
	}
	from := bufio.NewReaderSize(in, 64<<10)
	inspector := attach.Inline{Seen: attach.NewSeen()}
	var buffer []byte
	for {
		var r request
		if readFrame(from, maxRequest, &r) != nil {
			return
		}
		files, err := contents(from, r.Files, &buffer)
		if err != nil || inspect(out, inspector, files, r.Limits) != nil {
			return
		}
		if cap(buffer) > keepBuffer {
			buffer = nil
		}
	}
}

// contents reads the contents of files, which lie in the buffer afterwards.
func contents(from io.Reader, headers []header, buffer *[]byte) ([]attach.File, error) {
	total := 0
	for _, h := range headers {
		total += h.Size
	}
	if cap(*buffer) < total {
		*buffer = make([]byte, total)
	}
	rest := (*buffer)[:total]
	if _, err := io.ReadFull(from, rest); err != nil {
		return nil, err
	}
	files := make([]attach.File, len(headers))
	for i, h := range headers {
		files[i] = h.File
		files[i].Body = rest[:h.Size:h.Size]
		rest = rest[h.Size:]
	}
	return files, nil
}

// inspect looks into files and writes an answer for each as soon as there is one.
func inspect(out io.Writer, inspector attach.Inline, files []attach.File, limits attach.Limits) error {
	for i := range files {
		beforeFile()
		report := inspector.Inspect(context.Background(), files[i:i+1], &limits)[0]
		if err := writeAnswer(out, answer{limits, report}); err != nil {
			return err
		}
	}
	return nil
}

// writeAnswer leaves out what lies in the file where that is more than is read back.
func writeAnswer(out io.Writer, a answer) error {
	size := 0
	for _, p := range a.Report.Pages {
		size += len(p.Text)
	}
	for _, m := range a.Report.Messages {
		size += len(m.Raw)
	}
	if size > maxAnswer*3/4 {
		a.Report.Pages, a.Report.Messages = nil, nil
		a.Report.NotRead = append(a.Report.NotRead, "The pages and messages in the file are larger than is looked at.")
	}
	return writeFrame(out, a)
}

// descriptor is an open file, read and written by system calls alone: the runtime's poller needs others, which are not
// there.
type descriptor int

func (d descriptor) Read(p []byte) (int, error) {
	for {
		n, err := syscall.Read(int(d), p)
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			return 0, err
		case n == 0 && len(p) > 0:
			return 0, io.EOF
		}
		return n, nil
	}
}

func (d descriptor) Write(p []byte) (done int, err error) {
	for done < len(p) {
		n, err := syscall.Write(int(d), p[done:])
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return done, err
		}
		done += n
	}
	return done, nil
}
