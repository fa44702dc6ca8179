package certs

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"golang.org/x/crypto/acme/autocert"
)

// cache keeps the account key, certificates and challenge tokens in a directory. autocert.DirCache does the same but
// does not sync: an account key that a power cut has emptied would stop every issuance.
type cache struct{ dir string }

// openCache makes the directory, and closes it to others if it was open.
func openCache(dir string) (*cache, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return nil, err
	}
	return &cache{dir: dir}, nil
}

// file is where a key lies. Keys of tokens come from the path of an HTTP request: they must not leave the directory.
func (c *cache) file(key string) (string, error) {
	if key == "" || strings.ContainsAny(key, "/\\\x00") || key[0] == '.' || len(key) > 250 {
		return "", autocert.ErrCacheMiss
	}
	return filepath.Join(c.dir, key), nil
}

// Get reads a value.
func (c *cache) Get(_ context.Context, key string) ([]byte, error) {
	name, err := c.file(key)
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, autocert.ErrCacheMiss
	}
	return data, err
}

// Put writes a value; it is durable on return.
func (c *cache) Put(_ context.Context, key string, data []byte) (err error) {
	name, err := c.file(key)
	if err != nil {
		return fmt.Errorf("keep %q: not a file name", key)
	}
	f, err := os.CreateTemp(c.dir, ".new-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return err
	}
	return syncDir(c.dir)
}

// syncDir makes a rename durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Delete removes a value.
func (c *cache) Delete(_ context.Context, key string) error {
	name, err := c.file(key)
	if err != nil {
		return nil
	}
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// certificate reads a domain's certificate, as autocert writes it: key first, then the chain.
func (c *cache) certificate(domain string) (*tls.Certificate, error) {
	data, err := c.Get(context.Background(), domain)
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(data, data)
	if err != nil {
		return nil, fmt.Errorf("read certificate of %s: %w", domain, err)
	}
	if err := pair.Leaf.VerifyHostname(domain); err != nil {
		return nil, fmt.Errorf("read certificate of %s: %w", domain, err)
	}
	return &pair, nil
}

// fresh is the cache for one issuance: it has no certificate of the domain until a new one was put there.
type fresh struct {
	*cache
	domain string
	got    atomic.Bool
}

// Get reads a value.
func (f *fresh) Get(ctx context.Context, key string) ([]byte, error) {
	if key == f.domain && !f.got.Load() {
		return nil, autocert.ErrCacheMiss
	}
	return f.cache.Get(ctx, key)
}

// Put writes a value.
func (f *fresh) Put(ctx context.Context, key string, data []byte) error {
	f.got.CompareAndSwap(false, key == f.domain)
	return f.cache.Put(ctx, key, data)
}
