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

// LoadKey reads the key from dir, or makes it there (mode 0600) when it does not exist.
func LoadKey(dir string) (*Key, error) {
	file := filepath.Join(dir, "own-mail.secret")
	secret, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return newKey(file)
	}
	if err != nil {
		return nil, fmt.Errorf("read own-mail key: %w", err)
	}
	if len(secret) != keySize {
		return nil, fmt.Errorf("read own-mail key: %s has %d octets, not %d: remove it and start again", file, len(secret), keySize)
	}
	return &Key{secret}, nil
}

func newKey(file string) (*Key, error) {
	secret := make([]byte, keySize)
	if _, err := rand.Read(secret); err != nil {
		return nil, fmt.Errorf("make own-mail key: %w", err)
	}
	tmp := file + ".tmp"
	if err := os.WriteFile(tmp, secret, 0o600); err != nil {
		return nil, fmt.Errorf("write own-mail key: %w", err)
	}
	if err := os.Rename(tmp, file); err != nil {
		return nil, fmt.Errorf("write own-mail key: %w", err)
	}
	return &Key{secret}, nil
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
