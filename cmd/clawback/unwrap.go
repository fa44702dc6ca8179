package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"clawback/journal"
)

type unwrapCmd struct {
	Files     []string `arg:"" name:"file" help:"Journal reports, or non-delivery reports and forwards that carry one, as they arrived (message/rfc822); - for standard input."`
	Report    string   `placeholder:"FILE" help:"Write the report that a non-delivery report or a forward carries, octet for octet, to a new file (- for standard output)."`
	Original  string   `placeholder:"FILE" help:"Write the journaled message, octet for octet, to a new file (- for standard output)."`
	Decrypted string   `placeholder:"FILE" help:"Write the decrypted copy of a protected message to a new file (- for standard output)."`
}

func (c unwrapCmd) Run(a *app) error {
	if err := c.check(); err != nil {
		return err
	}
	return a.each(c.Files, func(name string) error { return c.unwrap(a, name) })
}

// check refuses what would put two messages into one place.
func (c unwrapCmd) check() error {
	out := slices.DeleteFunc([]string{c.Report, c.Original, c.Decrypted}, func(file string) bool { return file == "" })
	switch {
	case len(out) > 0 && len(c.Files) > 1:
		return usage("--report, --original and --decrypted take one file at a time")
	case len(slices.Compact(slices.Sorted(slices.Values(out)))) < len(out):
		return usage("--report, --original and --decrypted need a file each")
	}
	return nil
}

func (c unwrapCmd) unwrap(a *app, name string) error {
	f, err := a.openMessage(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("not a regular file")
	}
	report, err := journal.Parse(f, info.Size())
	if err != nil {
		return err
	}
	shown, err := report.Describe(name, f)
	if err != nil {
		return err
	}
	return errors.Join(c.show(a, shown), c.write(a, report, f))
}

// openMessage opens a file, or a copy of standard input, for it is read more than once.
func (a *app) openMessage(name string) (*os.File, error) {
	if name != "-" {
		return os.Open(name)
	}
	f, err := os.CreateTemp("", "clawback-unwrap-*")
	if err != nil {
		return nil, err
	}
	os.Remove(f.Name()) // gone with its descriptor, whatever happens
	if _, err := io.Copy(f, a.in); err != nil {
		f.Close()
		return nil, fmt.Errorf("read standard input: %w", err)
	}
	return f, nil
}

// show says what is in a file, on standard error where standard output is for a message.
func (c unwrapCmd) show(a *app, u journal.Unwrapped) error {
	to := *a
	if c.Report == "-" || c.Original == "-" || c.Decrypted == "-" {
		to.out = a.errOut
	}
	if a.json {
		return to.printJSON(u)
	}
	return u.WriteText(to.out)
}

// write writes the messages that were asked for.
func (c unwrapCmd) write(a *app, r *journal.Report, src io.ReaderAt) error {
	var problems []error
	for _, m := range []struct {
		file string
		open func(*journal.Report, io.ReaderAt) (io.Reader, error)
	}{{c.Report, carried}, {c.Original, original}, {c.Decrypted, decrypted}} {
		if m.file == "" {
			continue
		}
		octets, err := m.open(r, src)
		if err == nil {
			err = a.writeNew(m.file, func(w io.Writer) error { _, err := io.Copy(w, octets); return err })
		}
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

func carried(r *journal.Report, src io.ReaderAt) (io.Reader, error) {
	octets, ok := r.Embedded(src)
	switch {
	case ok:
		return octets, nil
	case r.Kind == journal.KindReport || r.Kind == journal.KindResent:
		return nil, errors.New("--report: it carries no other message, it is the report itself")
	}
	return nil, errors.New("--report: it carries no message")
}

func original(r *journal.Report, src io.ReaderAt) (io.Reader, error) {
	if len(r.Originals) == 0 {
		return nil, errors.New("--original: there is none in it")
	}
	return r.Originals[0].Open(src), nil
}

func decrypted(r *journal.Report, src io.ReaderAt) (io.Reader, error) {
	i := slices.IndexFunc(r.Originals, func(o journal.Original) bool { return o.Decrypted })
	if i < 0 {
		return nil, errors.New("--decrypted: there is no decrypted copy in it")
	}
	return r.Originals[i].Open(src), nil
}

// writeNew lets write fill a new file; standard output where none or "-" is named. A file that could not be filled is
// removed. The bytes are written as they are, but for a terminal: there mail is text that a stranger wrote.
func (a *app) writeNew(file string, write func(io.Writer) error) error {
	if a.onTerminal(file) {
		return write(a.out)
	}
	if file == "" || file == "-" {
		return write(a.raw)
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		os.Remove(file)
		return err
	}
	return nil
}

// onTerminal reports whether what is written to a file of that name comes to a terminal.
func (a *app) onTerminal(file string) bool { return (file == "" || file == "-") && isTerminal(a.raw) }
