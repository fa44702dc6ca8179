package score

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"sync"

	"clawback/config"
	"clawback/journal"
	"clawback/score/learn"
	"clawback/verdict"
)

// FileResult is the verdict on one message of a file. As JSON it is the line that `clawback score --json` prints.
type FileResult struct {
	File string `json:"file"`
	verdict.Verdict
	Error string `json:"error,omitempty"` // why there is no verdict

	Author  string `json:"-"` // of the message that got the verdict
	Subject string `json:"-"`
}

// FilesOptions say how files are judged.
type FilesOptions struct {
	Workers int            // 0: as many as there are cores
	Tenant  *config.Tenant // nil: unknown
	Learnt  *learn.Model   // nil: nothing
	Stdin   io.Reader      // read for the path "-"
}

// maxFile is how large a file may be to be read whole, where it must be: standard input, mailboxes, encoded originals.
const maxFile = 256 << 20

type fileJob struct {
	path string
	done chan []FileResult
}

// Files judges files in the order of their paths and calls each with every result, in that order. A path is a journal
// report, a plain message, a mailbox in mbox format, a folder of those, or "-". A file that cannot be read is a result
// with Error; an error of each ends it. It returns as soon as ctx ends: a message that is being judged, or input that
// does not come, is left behind with its goroutine.
func Files(ctx context.Context, s *Scorer, paths []string, o FilesOptions, each func(FileResult) error) error {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	asked := ctx
	ctx, cancel := context.WithCancel(asked)
	defer cancel()
	jobs, order := make(chan fileJob), make(chan fileJob, 4*o.Workers)
	var workers sync.WaitGroup
	for range o.Workers {
		workers.Go(func() {
			for j := range jobs {
				j.done <- s.file(ctx, j.path, o)
			}
		})
	}
	go func() {
		defer close(jobs)
		defer close(order)
		for path := range expand(paths) {
			j := fileJob{path, make(chan []FileResult, 1)}
			select {
			case order <- j:
			case <-ctx.Done():
				return
			}
			jobs <- j
		}
	}()
	err := inOrder(asked, order, each)
	if asked.Err() != nil {
		return err
	}
	cancel()
	for range order { // what was begun is waited for
	}
	workers.Wait()
	return err
}

// inOrder hands on the results of jobs as they come. What was judged while ctx ended is not told: it may be the end's
// own doing.
func inOrder(ctx context.Context, order <-chan fileJob, each func(FileResult) error) error {
	for j := range order {
		var results []FileResult
		select {
		case results = <-j.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		for _, r := range results {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := each(r); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// expand walks folders, in the order of their names.
func expand(paths []string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for _, path := range paths {
			info, err := os.Stat(path)
			if err != nil || !info.IsDir() {
				if !yield(path) {
					return
				}
				continue
			}
			for _, file := range folder(path) {
				if !yield(file) {
					return
				}
			}
		}
	}
}

func folder(root string) []string {
	var files []string
	_ = filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			files = append(files, path)
		}
		return nil // what cannot be read is left out, as ls does
	})
	sort.Strings(files)
	return files
}

// file judges one path.
func (s *Scorer) file(ctx context.Context, path string, o FilesOptions) (all []FileResult) {
	err := open(path, o.Stdin, func(r io.ReaderAt, size int64) error {
		all = s.content(ctx, path, r, size, o)
		return nil
	})
	if err != nil {
		return []FileResult{{File: path, Error: err.Error()}}
	}
	return all
}

// open opens a file, or reads stdin where the path is "-".
func open(path string, stdin io.Reader, use func(io.ReaderAt, int64) error) error {
	if path == "-" {
		body, err := io.ReadAll(io.LimitReader(stdin, maxFile))
		if err != nil {
			return err
		}
		return use(bytes.NewReader(body), int64(len(body)))
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return use(f, info.Size())
}

// content judges a message, or every message of a mailbox.
func (s *Scorer) content(ctx context.Context, name string, r io.ReaderAt, size int64, o FilesOptions) []FileResult {
	if !isMbox(r) {
		return []FileResult{s.one(ctx, name, r, size, o)}
	}
	messages := mbox(io.NewSectionReader(r, 0, min(size, maxFile)))
	all := make([]FileResult, len(messages))
	places := make(chan int)
	var workers sync.WaitGroup
	for range o.Workers {
		workers.Go(func() {
			for i := range places {
				m := messages[i]
				all[i] = s.one(ctx, fmt.Sprintf("%s#%d", name, i+1), bytes.NewReader(m), int64(len(m)), o)
			}
		})
	}
	for i := range messages {
		places <- i
	}
	close(places)
	workers.Wait()
	if size > maxFile {
		all = append(all, FileResult{File: name,
			Error: fmt.Sprintf("only the first %d MiB of the mailbox were read", maxFile>>20)})
	}
	return all
}

func isMbox(r io.ReaderAt) bool {
	var head [5]byte
	n, _ := r.ReadAt(head[:], 0)
	return n == 5 && string(head[:]) == "From "
}

// EachMessage calls each with every message of a file, as Files reads them; the second name is that of the message. The
// message may be used until each returns.
func EachMessage(path string, stdin io.Reader, each func(name string, m Message) error) error {
	return open(path, stdin, func(r io.ReaderAt, size int64) error {
		if !isMbox(r) {
			return eachOriginal(path, r, size, each)
		}
		for i, m := range mbox(io.NewSectionReader(r, 0, min(size, maxFile))) {
			if err := eachOriginal(fmt.Sprintf("%s#%d", path, i+1), bytes.NewReader(m), int64(len(m)),
				each); err != nil {
				return err
			}
		}
		return nil
	})
}

func eachOriginal(name string, r io.ReaderAt, size int64, each func(string, Message) error) error {
	messages, err := unwrap(r, size)
	if err != nil {
		return err
	}
	for _, m := range messages {
		if err := each(name, m); err != nil {
			return err
		}
	}
	return nil
}

// mbox splits a mailbox at its "From " lines, and takes back the > before those inside messages (RFC 4155).
func mbox(r io.Reader) [][]byte {
	var all [][]byte
	var now []byte
	in := bufio.NewReaderSize(r, 64<<10)
	blank := true
	for {
		line, err := in.ReadBytes('\n')
		switch {
		case blank && bytes.HasPrefix(line, []byte("From ")):
			if now != nil {
				all = append(all, now)
			}
			now = []byte{}
		case bytes.HasPrefix(line, []byte(">From ")):
			now = append(now, line[1:]...)
		default:
			now = append(now, line...)
		}
		blank = len(bytes.TrimRight(line, "\r\n")) == 0
		if err != nil {
			return append(all, now)
		}
	}
}

// one judges a journal report or a plain message.
func (s *Scorer) one(ctx context.Context, name string, r io.ReaderAt, size int64, o FilesOptions) FileResult {
	result := FileResult{File: name}
	messages, err := unwrap(r, size)
	if err != nil {
		result.Error = err.Error()
		return result
	}
	for _, m := range messages {
		m.Tenant, m.Learnt = o.Tenant, o.Learnt
		judged, err := s.Score(ctx, m)
		if err != nil {
			result.Error = err.Error()
			return result
		}
		if judged.Disposition > result.Disposition {
			result.Verdict, result.Author, result.Subject = judged.Verdict, judged.Author, judged.Subject
		}
	}
	return result
}

// unwrap answers the originals of a report, or the message itself.
func unwrap(r io.ReaderAt, size int64) ([]Message, error) {
	report, err := journal.Parse(r, size)
	if err != nil {
		return nil, fmt.Errorf("unwrap: %w", err)
	}
	if report.Kind != journal.KindReport && report.Kind != journal.KindNDR && report.Kind != journal.KindResent ||
		len(report.Originals) == 0 {
		return []Message{{Original: r, Size: size}}, nil
	}
	var messages []Message
	for _, o := range report.Originals {
		m := Message{Sender: report.Sender, Original: io.NewSectionReader(r, o.Section.Offset, o.Section.Size),
			Size: o.Section.Size}
		if o.Encoding != "" {
			body, err := io.ReadAll(io.LimitReader(o.Open(r), maxFile))
			if err != nil {
				return nil, fmt.Errorf("decode original: %w", err)
			}
			m.Original, m.Size = bytes.NewReader(body), int64(len(body))
		}
		for _, recipient := range report.Recipients {
			m.Recipients = append(m.Recipients, recipient.Address)
		}
		messages = append(messages, m)
	}
	return messages, nil
}
