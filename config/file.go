package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"clawback/internal/keyfile"
)

// credentialPrefix marks the name of a systemd credential where a file name is expected.
const credentialPrefix = "credential:"

// maxSecret bounds a secret file; client secrets and passwords are under 100 bytes.
const maxSecret = 64 << 10

// file reads the name of a file that must be readable and not empty. The answer is a path that can be opened.
func (t *table) file(key string) string { return t.readable(key, false) }

// privateFile reads the name of a file, such as a key's, that must not be open to others.
func (t *table) privateFile(key string) string { return t.readable(key, true) }

func (t *table) readable(key string, private bool) string {
	path := t.filePath(key)
	if path == "" {
		return ""
	}
	if _, err := readFile(path, private); err != nil {
		t.wrong(key, err.Error(), hintOf(err))
	}
	return path
}

// dir reads the name of a directory that must exist.
func (t *table) dir(key string) string {
	path := t.filePath(key)
	t.note(key, Key{Kind: "name of a directory"})
	if path == "" {
		return ""
	}
	if info, err := os.Stat(path); err != nil {
		t.wrong(key, plainError(err), "make the directory, or remove the line")
	} else if !info.IsDir() {
		t.wrong(key, path+" is not a directory", "name a directory, or remove the line")
	}
	return path
}

// filePath reads a file name and resolves it, without looking at the file.
func (t *table) filePath(key string) string {
	name := t.text(key, "")
	t.note(key, Key{Kind: "file name"})
	if name == "" {
		return ""
	}
	path, err := t.r.resolve(name)
	if err != nil {
		t.wrong(key, err.Error(), hintOf(err))
	}
	return path
}

// secret reads a secret out of the file that the key names. A line end after it is not part of it.
func (t *table) secret(key string) (path string, secret Secret) {
	path = t.filePath(key)
	if path == "" {
		return "", Secret{}
	}
	data, err := readFile(path, true)
	if err != nil {
		t.wrong(key, err.Error(), hintOf(err))
		return path, Secret{}
	}
	value := strings.TrimRight(string(data), "\r\n")
	if value == "" {
		t.wrong(key, fmt.Sprintf("%s holds nothing but line ends", path), "put the secret on its first line")
	}
	return path, NewSecret(value)
}

// secretsPrefix begins the names under which clawback.service passes the files of /etc/clawback/secrets.
const secretsPrefix = "secrets_"

// resolve makes a path of a file name as it stands in the configuration.
func (r *reader) resolve(name string) (string, error) {
	credential, ok := strings.CutPrefix(name, credentialPrefix)
	if !ok {
		return r.fullPath(name), nil
	}
	dir := os.Getenv("CREDENTIALS_DIRECTORY")
	if secret, ours := strings.CutPrefix(credential, secretsPrefix); dir == "" && ours && secret != "" &&
		!strings.ContainsAny(secret, "/\x00") {
		// Beside systemd, as when an administrator runs `clawback check`: the file that the unit's LoadCredential=
		// passes.
		return r.fullPath(filepath.Join("secrets", secret)), nil
	}
	if dir == "" {
		return "", bad(name, "cannot be found: $CREDENTIALS_DIRECTORY is not set",
			"start the daemon by systemd with LoadCredential="+credential+":FILE, or name a file")
	}
	if credential == "" || strings.ContainsAny(credential, "/\x00") || credential == ".." {
		return "", bad(name, "is not the name of a credential", "write credential:NAME as in LoadCredential=NAME:FILE")
	}
	return filepath.Join(dir, credential), nil
}

// fullPath makes a full path of one that is relative to the configuration file.
func (r *reader) fullPath(name string) string {
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(filepath.Dir(r.file), name)
}

// readFile reads a small regular file. A private one must not be open to others.
func readFile(path string, private bool) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, &complaint{text: plainError(err), hint: "name a file that the daemon's user can read"}
	case !info.Mode().IsRegular():
		return nil, bad(path, "is not a regular file", "name the file itself")
	}
	if open, is := errors.AsType[*keyfile.OpenError](keyfile.Check(path)); private && is {
		return nil, &complaint{text: open.Error(), hint: open.Hint()}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, &complaint{text: plainError(err),
			hint: "let the daemon's user read it, or pass it as a systemd credential"}
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSecret))
	switch {
	case err != nil:
		return nil, &complaint{text: plainError(err), hint: "look at the disk and the file"}
	case len(data) == 0:
		return nil, bad(path, "is empty", "write the value into it, or name another file")
	}
	return data, nil
}

// plainError is a file error without the name of the system call.
func plainError(err error) string {
	_, text, ok := strings.Cut(err.Error(), " ")
	if !ok {
		return err.Error()
	}
	return text
}
