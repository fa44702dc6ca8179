package main

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base32"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// graphKey is the file in secrets/ that has the key with which the daemon signs in to Entra.
const graphKey = "graph.pem"

// keyBits and keyYears: what Entra takes, and for how long one certificate is good. The daemon warns 30 days before.
const (
	keyBits  = 3072
	keyYears = 1
)

// addressBits is how much an attacker would have to guess: Exchange Online's networks and certificate are open to every
// tenant of it, so the address is what keeps another one out.
const addressBits = 128

// journalAddress makes the local part of a journal address, which nobody can guess.
func journalAddress() (string, error) {
	secret := make([]byte, addressBits/8)
	if _, err := rand.Read(secret); err != nil {
		return "", fmt.Errorf("make address: %w", err)
	}
	return "j-" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)), nil
}

// write writes the files, the configuration last: where it is, all of them are. None is written over.
func (c *initCmd) write(text []byte) (made, error) {
	dir := filepath.Dir(c.Config)
	m := made{Config: c.Config, Tenant: c.label(), Certificate: filepath.Join(dir, "graph.crt"),
		Unfinished: c.ClientID == "", ACME: c.CertificateFile == ""}
	group := clawbackGroup()
	m.Unreadable = group < 0
	if err := makeDir(dir, 0o750, group); err != nil {
		return m, err
	}
	if err := makeDir(filepath.Join(dir, "secrets"), 0o700, -1); err != nil {
		return m, err
	}
	if err := makeKey(filepath.Join(dir, "secrets", graphKey), m.Certificate); err != nil {
		return m, err
	}
	if group < 0 {
		return m, writeNewFile(c.Config, text, 0o600, -1)
	}
	return m, writeNewFile(c.Config, text, 0o640, group)
}

// clawbackGroup is the id of the group that may read the configuration, -1 where there is none or it cannot be given.
func clawbackGroup() int {
	g, err := user.LookupGroup("clawback")
	if err != nil || os.Geteuid() != 0 {
		return -1
	}
	id, err := strconv.Atoi(g.Gid)
	if err != nil {
		return -1
	}
	return id
}

// makeDir makes a directory; one that is there is left as it is.
func makeDir(dir string, mode fs.FileMode, group int) error {
	if err := os.Mkdir(dir, mode); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return nil
		}
		return fmt.Errorf("make directory: %w", err)
	}
	return setModeAndGroup(dir, mode, group)
}

// setModeAndGroup gives a file its mode, whatever the umask, and its group.
func setModeAndGroup(path string, mode fs.FileMode, group int) error {
	if group >= 0 {
		if err := os.Chown(path, 0, group); err != nil {
			return err
		}
	}
	return os.Chmod(path, mode)
}

// writeNewFile writes a file that is not there yet, whole and durable, or leaves none.
func writeNewFile(path string, data []byte, mode fs.FileMode, group int) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write: %w", err)
	}
	_, err = f.Write(data)
	if err = errors.Join(err, setModeAndGroup(path, mode, group), f.Sync(), f.Close()); err != nil {
		os.Remove(path)
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// makeKey makes the key with which the daemon signs in, unless there is one, and the certificate for its registration.
func makeKey(keyFile, certificateFile string) error {
	if there, err := os.ReadFile(keyFile); err == nil {
		block, _ := pem.Decode(there)
		if block == nil || block.Type != "CERTIFICATE" {
			return fmt.Errorf("%s is there, and does not begin with a certificate: move it away", keyFile)
		}
		if err := os.Remove(certificateFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return writeNewFile(certificateFile, pem.EncodeToMemory(block), 0o644, -1)
	}
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return fmt.Errorf("make key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return fmt.Errorf("make certificate: %w", err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "clawback"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(keyYears, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return fmt.Errorf("make certificate: %w", err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("make key: %w", err)
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	both := append(bytes.Clone(certificate), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...)
	if err := os.Remove(certificateFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err // of a key that is gone
	}
	if err := writeNewFile(keyFile, both, 0o600, -1); err != nil {
		return err
	}
	return writeNewFile(certificateFile, certificate, 0o644, -1)
}

// showMade says what was made, and what comes next.
func (a *app) showMade(m made) error {
	if a.json {
		return a.printJSON(m)
	}
	a.printf("Wrote %s: dry-run, with a new journal address.\n", m.Config)
	a.printf("The key for Entra is in %s; its certificate, to be registered there, is\n%s, good for a year.\n",
		filepath.Join(filepath.Dir(m.Config), "secrets", graphKey), m.Certificate)
	if m.Unreadable {
		a.printf("There is no group clawback here: let the daemon's user read the file.\n")
	}
	at := ""
	if m.Config != "/etc/clawback/clawback.toml" {
		at = " --config " + m.Config
	}
	why := "its side in Exchange and Entra, as PowerShell"
	if m.Unfinished {
		why += "; its client_id goes into the file"
	}
	units := "clawback.socket clawback"
	if m.ACME {
		units = "clawback.socket clawback-acme.socket clawback" // port 80 is the certificate authority's
	}
	a.printf("\nNext:\n")
	for _, next := range [][2]string{
		{"clawback setup exchange " + m.Tenant + at, why},
		{"clawback check --online" + at, "what is missing, and how to mend it"},
		{"systemctl enable --now " + units, "begin"},
	} {
		if err := a.printf("  # %s\n  %s\n", next[1], next[0]); err != nil {
			return err
		}
	}
	return nil
}
