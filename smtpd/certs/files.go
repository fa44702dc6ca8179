package certs

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"clawback/config"
	"clawback/internal/keyfile"
)

// look is how often the files' time, size and mode are looked at, and reread how often their content is compared
// although neither has changed: a copy that keeps its time is seen in the end.
const (
	look   = 10 * time.Second
	reread = 10 * time.Minute
)

// maxPEM bounds a certificate file.
const maxPEM = 1 << 20

// Files is a certificate from PEM files, read again when they change.
type Files struct {
	files   config.TLS
	o       Options
	current atomic.Pointer[tls.Certificate]

	mu      sync.Mutex // guards what follows
	seen    [2]stamp   // of certificate and key at the last reading
	sum     [sha256.Size]byte
	readAt  time.Time
	problem string
	since   time.Time
}

// stamp is what changes when a file does, or who may read it.
type stamp struct {
	modified time.Time
	size     int64
	mark     keyfile.Mark
}

// openFiles reads the certificate and its key. Both must be good.
func openFiles(files config.TLS, o Options) (*Files, error) {
	f := &Files{files: files, o: o.filled()}
	if err := f.read(); err != nil {
		return nil, err
	}
	return f, nil
}

// GetCertificate answers a handshake.
func (f *Files) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return f.current.Load(), nil
}

// Warm does nothing: OpenFiles has read the certificate.
func (f *Files) Warm(context.Context) error { return nil }

// Run looks at the files from time to time until the context ends.
func (f *Files) Run(ctx context.Context) error {
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			f.refresh()
		}
	}
}

// refresh reads the files again if they look changed. A broken pair is logged once, and the one in use stays.
func (f *Files) refresh() {
	f.mu.Lock()
	changed := f.changed() || f.problem != "" || f.o.Now().Sub(f.readAt) >= reread
	f.mu.Unlock()
	if !changed {
		return
	}
	before := f.current.Load()
	err := f.read()
	fresh := f.note(err)
	switch {
	case err != nil && fresh:
		f.o.Log.Error("certificate files are not good, the old certificate stays", "event", "certificate.failed",
			"error", err)
	case err == nil && f.current.Load() != before:
		s := f.Status()
		f.o.Log.Info("certificate was read again", "event", "certificate.changed", "names", s.Names,
			"not_after", s.NotAfter)
	}
}

// note keeps a problem for Status, and reports whether it is a new one.
func (f *Files) note(err error) (fresh bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	text := ""
	if err != nil {
		text = err.Error()
	}
	if fresh = text != f.problem; fresh {
		f.problem, f.since = text, f.o.Now()
	}
	return fresh
}

// changed compares the files' times, sizes and modes with those of the last reading. The caller holds mu.
func (f *Files) changed() bool {
	return f.seen != f.stamps()
}

// stamps looks at both files; one that cannot be seen has the zero stamp.
func (f *Files) stamps() (s [2]stamp) {
	for i, name := range []string{f.files.CertificateFile, f.files.KeyFile} {
		if info, err := os.Stat(name); err == nil {
			s[i] = stamp{info.ModTime(), info.Size(), keyfile.MarkOf(info)}
		}
	}
	return s
}

// closedToOthers refuses a key that others may read or write.
func closedToOthers(name string) error {
	if open, is := errors.AsType[*keyfile.OpenError](keyfile.Check(name)); is {
		return fmt.Errorf("read key: %w: %s", open, open.Hint())
	}
	return nil
}

// read reads both files and puts a new pair to use.
func (f *Files) read() error {
	stamps := f.stamps() // before reading: a change while reading is seen at the next look
	cert, err := readPEM(f.files.CertificateFile)
	if err != nil {
		return fmt.Errorf("read certificate: %w", err)
	}
	if err := closedToOthers(f.files.KeyFile); err != nil {
		return err
	}
	key, err := readPEM(f.files.KeyFile)
	if err != nil {
		return fmt.Errorf("read key: %w", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen, f.readAt = stamps, f.o.Now()
	sum := sha256.Sum256(append(append(cert, 0), key...))
	if sum == f.sum {
		return nil
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return fmt.Errorf("pair %s and %s: %w", f.files.CertificateFile, f.files.KeyFile, err)
	}
	if err := f.suits(&pair); err != nil {
		return err
	}
	f.sum = sum
	f.current.Store(&pair)
	return nil
}

// suits refuses a certificate that is over, where one that is not is in use.
func (f *Files) suits(pair *tls.Certificate) error {
	now, old := f.o.Now(), leafOf(f.current.Load())
	if leaf := leafOf(pair); old != nil && now.Before(old.NotAfter) && now.After(leaf.NotAfter) {
		return fmt.Errorf("certificate in %s expired on %s", f.files.CertificateFile,
			leaf.NotAfter.Format(time.DateTime))
	}
	return nil
}

// readPEM reads a file of bounded size.
func readPEM(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, maxPEM))
}

// Status is what an operator is shown.
func (f *Files) Status() Status {
	s := describe("files", f.current.Load())
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.problem != "" {
		s.Problem, s.Since = f.problem, f.since
	}
	return s
}
