package smtpd

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"
)

const certificateCheck = time.Second // between two looks at the files

// FileCertificate is a certificate that is read again when its files change.
type FileCertificate struct {
	cert, key string

	mu      sync.Mutex // guards the following
	loaded  *tls.Certificate
	stamp   [2]fileStamp
	checked time.Time
	problem error
}

type fileStamp struct {
	changed time.Time
	size    int64
}

// FileCertificates reads a certificate chain and its key, both PEM.
func FileCertificates(cert, key string) (*FileCertificate, error) {
	f := &FileCertificate{cert: cert, key: key}
	f.reload()
	if f.loaded == nil {
		return nil, f.problem
	}
	return f, nil
}

// GetCertificate fits tls.Config and Options.Certificates. It answers clients without a server name too. While new files
// are unreadable or do not fit together it goes on with the last good pair, and Problem says so.
func (f *FileCertificate) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Since(f.checked) >= certificateCheck {
		f.reload()
	}
	return f.loaded, nil
}

// Expires is when the certificate ends.
func (f *FileCertificate) Expires() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.loaded.Leaf.NotAfter
}

// Problem is why the files on disk are not in use, nil if they are.
func (f *FileCertificate) Problem() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.problem
}

// reload reads the files if they changed.
func (f *FileCertificate) reload() {
	f.checked = time.Now()
	stamp, err := f.stamps()
	if err == nil && f.loaded != nil && stamp == f.stamp {
		f.problem = nil
		return
	}
	var pair tls.Certificate
	if err == nil {
		pair, err = tls.LoadX509KeyPair(f.cert, f.key)
	}
	if err != nil {
		f.problem = fmt.Errorf("load certificate: %w", err)
		return
	}
	f.loaded, f.stamp, f.problem = &pair, stamp, nil
}

func (f *FileCertificate) stamps() (s [2]fileStamp, err error) {
	for i, name := range []string{f.cert, f.key} {
		info, err := os.Stat(name)
		if err != nil {
			return s, err
		}
		s[i] = fileStamp{info.ModTime(), info.Size()}
	}
	return s, nil
}
