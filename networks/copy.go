package networks

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"time"
)

// shipped is Microsoft's entry as documented on shippedOn: the hosts that send mail, and no other.
//
//go:embed exchange-online-2026-11-21.json
var shipped []byte

// shippedOn is the day of the shipped list, as in its file's name.
const shippedOn = "2026-11-21"

// worldwide is where the shipped list comes from. National clouds have lists of their own.
const worldwide = "https://endpoints.office.com/endpoints/worldwide"

// saved is the last good copy as it lies in the state directory.
type saved struct {
	Fetched  time.Time      `json:"fetched"`
	URL      string         `json:"url"`
	Prefixes []netip.Prefix `json:"prefixes"`
}

// shippedCopy is the list that was built in.
func shippedCopy() (saved, error) {
	prefixes, err := parseEndpoints(shipped)
	if err != nil {
		return saved{}, fmt.Errorf("read shipped list: %w", err)
	}
	day, err := time.Parse(time.DateOnly, shippedOn)
	if err != nil {
		return saved{}, fmt.Errorf("read shipped list's date: %w", err)
	}
	return saved{Fetched: day, URL: worldwide, Prefixes: prefixes}, nil
}

// load reads the copy in a file. The same guards hold as for a fresh one: the file may have been edited.
func load(file string) (saved, error) {
	f, err := os.Open(file)
	if err != nil {
		return saved{}, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxBody))
	if err != nil {
		return saved{}, err
	}
	var s saved
	if err := json.Unmarshal(data, &s); err != nil {
		return saved{}, fmt.Errorf("decode %s: %w", file, err)
	}
	for _, p := range s.Prefixes {
		if _, err := believable(p.String()); err != nil {
			return saved{}, fmt.Errorf("read %s: %w", file, err)
		}
	}
	return s, shape(s.Prefixes)
}

// store writes the copy, so that after a crash the old or the new one is there whole.
func store(file string, s saved) (err error) {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".new-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	_, err = f.Write(append(data, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}

// missing reports whether an error means that there is no copy yet.
func missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
