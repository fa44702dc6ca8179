package bounce

import (
	"clawback/internal/mailaddr"

	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// OwnHeader marks mail that clawback itself sent.
const OwnHeader = "X-Clawback-Own"

const keySize = 32

// Key authenticates our own mail when Exchange journals it back to us. The mark is bound to the Message-ID and to the
// recipient, so that somebody who copies it from a bounce gains nothing but another copy in the same mailbox.
type Key struct{ secret []byte }

// LoadKey reads the key from dir, or makes it there (mode 0600) when it does not exist. It is durable before it is
// used: a key that is lost leaves mail of ours which is not known any more.
func LoadKey(dir string) (*Key, error) { return loadKey(dir, (*os.File).Sync) }

// loadKey reads the key, or makes it where there is none. One that others may read is closed to them.
func loadKey(dir string, sync func(*os.File) error) (*Key, error) {
	file := filepath.Join(dir, "own-mail.secret")
	secret, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return newKey(file, sync)
	}
	if err != nil {
		return nil, fmt.Errorf("read own-mail key: %w", err)
	}
	if len(secret) != keySize {
		return nil, fmt.Errorf("read own-mail key: %s has %d bytes, not %d: remove it and start again", file,
			len(secret), keySize)
	}
	if info, err := os.Stat(file); err == nil && info.Mode().Perm()&0o077 != 0 { // brought back from a backup
		if err := os.Chmod(file, 0o600); err != nil {
			return nil, fmt.Errorf("close own-mail key to others: %w", err)
		}
	}
	return &Key{secret}, nil
}

// newKey makes a key and writes it durably.
func newKey(file string, sync func(*os.File) error) (*Key, error) {
	secret := make([]byte, keySize)
	if _, err := rand.Read(secret); err != nil {
		return nil, fmt.Errorf("make own-mail key: %w", err)
	}
	if err := writeDurably(file, secret, sync); err != nil {
		return nil, fmt.Errorf("write own-mail key: %w", err)
	}
	return &Key{secret}, nil
}

// writeDurably writes a file that is whole and durable under its name, or not there.
func writeDurably(file string, data []byte, sync func(*os.File) error) error {
	tmp := file + ".tmp"
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = sync(f)
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(tmp, file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	dir, err := os.Open(filepath.Dir(file))
	if err == nil {
		err = errors.Join(sync(dir), dir.Close())
	}
	if err != nil { // the name may be gone after a crash: another key must not be in use until then
		return errors.Join(err, os.Remove(file))
	}
	return nil
}

// Mark is the header value for a message of ours.
func (k *Key) Mark(messageID, to string) string {
	mac := hmac.New(sha256.New, k.secret)
	fmt.Fprintf(mac, "%s\n%s", messageID, mailaddr.Lower(to))
	return "v1 " + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// Verify reports whether mark was made by Mark for this Message-ID and this recipient.
func (k *Key) Verify(mark, messageID, to string) bool {
	return hmac.Equal([]byte(strings.TrimSpace(mark)), []byte(k.Mark(messageID, to)))
}
