package certs

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/crypto/acme/autocert"
)

func TestCache_neverLeavesItsDirectory(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := openCache(filepath.Join(dir, "acme"))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"../secret", "/etc/passwd", "..", ".", "", "a/b", `a\b`, "a\x00b", ".new-1"} {
		if data, err := c.Get(context.Background(), key); !errors.Is(err, autocert.ErrCacheMiss) {
			t.Errorf("Get(%q) = %q, %v", key, data, err)
		}
		if err := c.Put(context.Background(), key, []byte("x")); err == nil {
			t.Errorf("Put(%q) wrote a file", key)
		}
		if err := c.Delete(context.Background(), key); err != nil {
			t.Errorf("Delete(%q) = %v", key, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "secret")); err != nil {
		t.Error("a file outside was removed")
	}
}

func TestCache_keepsAndForgets(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "acme")
	if err := os.Mkdir(dir, 0o755); err != nil { // somebody made it too open
		t.Fatal(err)
	}
	c, err := openCache(dir)
	if err != nil {
		t.Fatal(err)
	}
	if info, _ := os.Stat(dir); info.Mode().Perm() != 0o700 {
		t.Errorf("directory has mode %v", info.Mode())
	}
	ctx := t.Context()
	for _, value := range []string{"one", "two"} {
		if err := c.Put(ctx, "k", []byte(value)); err != nil {
			t.Fatal(err)
		}
		if got, err := c.Get(ctx, "k"); string(got) != value || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
	}
	if info, _ := os.Stat(filepath.Join(dir, "k")); info.Mode().Perm() != 0o600 {
		t.Errorf("file has mode %v", info.Mode())
	}
	for range 2 {
		if err := c.Delete(ctx, "k"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Get(ctx, "k"); !errors.Is(err, autocert.ErrCacheMiss) {
		t.Errorf("after deletion: %v", err)
	}
	left, _ := os.ReadDir(dir)
	if len(left) > 0 {
		t.Errorf("%v is left over", left)
	}
}

// A manager that has its certificate must find it in the cache, or its own renewal would ask the CA once more.
func TestFresh_hidesOnlyTheOldCertificate(t *testing.T) {
	c, err := openCache(filepath.Join(t.TempDir(), "acme"))
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	c.Put(ctx, "d", []byte("old"))
	c.Put(ctx, "acme_account+key", []byte("key"))
	f := &fresh{cache: c, domain: "d"}
	if _, err := f.Get(ctx, "d"); !errors.Is(err, autocert.ErrCacheMiss) {
		t.Errorf("the old certificate is found: %v", err)
	}
	if got, err := f.Get(ctx, "acme_account+key"); string(got) != "key" || err != nil {
		t.Errorf("the account key is %q, %v", got, err)
	}
	f.Put(ctx, "d+token", []byte("t"))
	if _, err := f.Get(ctx, "d"); !errors.Is(err, autocert.ErrCacheMiss) {
		t.Errorf("after a token was put: %v", err)
	}
	f.Put(ctx, "d", []byte("new"))
	if got, err := f.Get(ctx, "d"); string(got) != "new" || err != nil {
		t.Errorf("the new certificate is %q, %v", got, err)
	}
}
