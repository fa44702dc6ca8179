package backup

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"
)

// The members of an archive that are not files of the state.
const (
	aboutName    = "clawback-backup.json"
	manifestName = "clawback-manifest.json"
	format       = 1
)

// maxNote bounds what is read of these two: a manifest has some 150 bytes for each file.
const maxNote = 256 << 20

// ErrIncomplete means that an archive ends before its manifest: it was interrupted.
var ErrIncomplete = errors.New("it is not whole: it ends before its manifest")

// About says what a backup is of.
type About struct {
	Format   int       `json:"format"`
	Version  string    `json:"version"` // of the program
	Hostname string    `json:"hostname"`
	At       time.Time `json:"at"` // what was accepted before this moment is in it
}

// member is a file as the manifest has it.
type member struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Summary is what a backup has in it.
type Summary struct {
	About About `json:"about"`
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
}

// manifest is all that an archive has in it.
type manifest struct {
	About About    `json:"about"`
	Files []member `json:"files"`
}

// writer writes an archive.
type writer struct {
	tar *tar.Writer
	all manifest
}

func newWriter(w io.Writer, about About) (*writer, error) {
	about.Format = format
	a := &writer{tar: tar.NewWriter(w), all: manifest{About: about}}
	return a, a.note(aboutName, about)
}

func (a *writer) note(name string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if err := a.header(name, int64(len(text))); err != nil {
		return err
	}
	_, err = a.tar.Write(text)
	return err
}

func (a *writer) header(name string, size int64) error {
	return a.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600,
		ModTime: a.all.About.At, Format: tar.FormatPAX})
}

// add adds the first size bytes of r as a file.
func (a *writer) add(name string, size int64, r io.Reader) error {
	if err := a.header(name, size); err != nil {
		return fmt.Errorf("add %s: %w", name, err)
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(a.tar, sum), io.LimitReader(r, size))
	if err == nil && n < size {
		err = fmt.Errorf("it has %d bytes, and had %d: %w", n, size, io.ErrUnexpectedEOF)
	}
	if err != nil {
		return fmt.Errorf("add %s: %w", name, err)
	}
	a.all.Files = append(a.all.Files, member{name, size, hex.EncodeToString(sum.Sum(nil))})
	return nil
}

// finish writes the manifest, which makes the archive whole.
func (a *writer) finish() error {
	if err := a.note(manifestName, a.all); err != nil {
		return err
	}
	return a.tar.Close()
}

// read goes through an archive and gives each file to take, which may be nil. What it returns is right once it returns
// no error: before that nothing of what take was given is to be believed.
func read(r io.Reader, take func(name string, r io.Reader) error) (Summary, error) {
	archive := tar.NewReader(r)
	var s Summary
	head, err := archive.Next()
	if err != nil || head.Name != aboutName {
		return s, errors.Join(errors.New("this is no backup of clawback's"), err)
	}
	if err := readNote(archive, &s.About); err != nil {
		return s, err
	}
	if s.About.Format != format {
		return s, fmt.Errorf("it has format %d, and this program knows format %d: use the version %s", s.About.Format,
			format, s.About.Version)
	}
	have := map[string]member{}
	for {
		head, err := archive.Next()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return s, ErrIncomplete
		}
		if err != nil {
			return s, err
		}
		if head.Name == manifestName {
			return s, compare(archive, s.About, have)
		}
		m, err := readMember(archive, head, take)
		if err != nil {
			return s, err
		}
		if _, twice := have[m.Name]; twice {
			return s, fmt.Errorf("%s is in it twice", m.Name)
		}
		have[m.Name] = m
		s.Files, s.Bytes = s.Files+1, s.Bytes+m.Size
	}
}

func readNote(r io.Reader, v any) error {
	text, err := io.ReadAll(io.LimitReader(r, maxNote))
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrIncomplete
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("it is damaged: %w", err)
	}
	return nil
}

// readMember reads one file. A name leads nowhere but below the directory that it is put into.
func readMember(archive *tar.Reader, head *tar.Header, take func(string, io.Reader) error) (member, error) {
	m := member{Name: head.Name, Size: head.Size}
	if head.Typeflag != tar.TypeReg || !filepath.IsLocal(m.Name) || strings.HasPrefix(filepath.Clean(m.Name), Partial) {
		return m, fmt.Errorf("%q is no file of a state directory", m.Name)
	}
	sum := sha256.New()
	body := io.TeeReader(archive, sum)
	var err error
	if take != nil {
		err = take(m.Name, body)
	}
	if err == nil {
		_, err = io.Copy(io.Discard, body)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return m, ErrIncomplete
	}
	if err != nil {
		return m, fmt.Errorf("read %s: %w", m.Name, err)
	}
	m.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return m, nil
}

// compare checks what was read against the manifest, which comes next in the archive, and that the archive ends behind
// it.
func compare(archive *tar.Reader, about About, have map[string]member) error {
	var want manifest
	if err := readNote(archive, &want); err != nil {
		return err
	}
	if want.About != about {
		return errors.New("it is damaged: its beginning differs from the manifest")
	}
	for _, m := range want.Files {
		if have[m.Name] != m {
			return fmt.Errorf("it is damaged: %s is missing or differs from the manifest", m.Name)
		}
		delete(have, m.Name)
	}
	for name := range have {
		return fmt.Errorf("it is damaged: %s is not in the manifest", name)
	}
	if _, err := archive.Next(); !errors.Is(err, io.EOF) {
		return errors.Join(errors.New("it is damaged: something follows its manifest"), err)
	}
	return nil
}

// verify reads a backup that is not encrypted to its end and says what is in it, or why it is not whole.
func verify(r io.Reader) (Summary, error) { return read(r, nil) }
