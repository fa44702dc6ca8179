package sighting

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"

	"clawback/internal/lastgood"
)

// ledger is of which feed's entry each indicator was made, by kind and value. Its file is a sequence of JSON objects of
// which each changes what those before it say; the feed "" means that there is none any more. A change is a line that
// is appended and synced, and now and then the whole is written anew. The caller makes one call at a time.
type ledger struct {
	file    string
	feeds   map[string]string
	changes int  // lines since the whole was written
	unsaved bool // the file lacks something, or ends within a line
}

// linesBeside is how many lines stand behind the whole at most, or as many as it has entries.
const linesBeside = 1000

// openLedger reads a file, which may not be there yet. What a crash has left of the last line, be it cut short or never
// written where the file has room for it, was never answered for.
func openLedger(file string) (*ledger, error) {
	l := &ledger{file: file, feeds: map[string]string{}}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return l, nil
	}
	if err != nil {
		return nil, err
	}
	for line := range bytes.Lines(data) {
		if !bytes.HasSuffix(line, []byte("\n")) && l.changes > 0 {
			l.unsaved = true
			break
		}
		var change map[string]string
		if err := json.Unmarshal(line, &change); err != nil {
			return nil, fmt.Errorf("decode %s: %w; bring it back from a backup, or move it away: then an indicator of "+
				"a feed's that a person removed can come again", file, err)
		}
		l.merge(change)
		l.changes++
	}
	return l, nil
}

func (l *ledger) merge(change map[string]string) {
	maps.Copy(l.feeds, change)
	for key, feed := range change {
		if feed == "" {
			delete(l.feeds, key)
		}
	}
}

// feed is the feed of a key; false: no indicator was made.
func (l *ledger) feed(key string) (string, bool) {
	feed, made := l.feeds[key]
	return feed, made
}

// set notes the feeds of some keys, "" for none any more. What could not be written is written by the next call.
func (l *ledger) set(change map[string]string) error {
	if len(change) == 0 {
		return l.flush()
	}
	l.merge(change)
	if l.unsaved || l.changes >= max(linesBeside, len(l.feeds)) {
		return l.save()
	}
	if err := l.add(change); err != nil {
		l.unsaved = true
		return fmt.Errorf("keep sightings: %w", err)
	}
	l.changes++
	return nil
}

// flush writes what could not be written before.
func (l *ledger) flush() error {
	if !l.unsaved {
		return nil
	}
	return l.save()
}

// save writes the whole.
func (l *ledger) save() error {
	l.unsaved = true
	err := lastgood.Write(l.file, func(out io.Writer) error { return json.NewEncoder(out).Encode(l.feeds) })
	if err != nil {
		return fmt.Errorf("keep sightings: %w", err)
	}
	l.unsaved, l.changes = false, 0
	return nil
}

// add appends a line, and waits until it is on the disk. The file was made by save.
func (l *ledger) add(change map[string]string) (err error) {
	f, err := os.OpenFile(l.file, os.O_WRONLY|os.O_APPEND, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return l.save()
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := json.NewEncoder(f).Encode(change); err != nil {
		return err
	}
	return f.Sync()
}
