package feed

import (
	"context"
	"errors"
	"io"
	"os"

	"clawback/config"
)

// Probe asks for a feed's list and reads its beginning: whether it is there, and may be read with this key. Nothing of
// it is kept. An error reads as what the list does, as in "answers 404 Not Found", and has neither URL nor key.
func Probe(ctx context.Context, f *config.Feed) error {
	s, err := newSource(f, defaultLimits())
	if err != nil {
		return err
	}
	if f.Format == "taxii" {
		t := taxiiServer{feed: f, source: s, limits: defaultLimits(), dir: os.TempDir()}
		if err := t.find(ctx); err != nil {
			return err
		}
		_, err = t.page(ctx, "", "", func(*stixIndicator) error { return nil })
		return err
	}
	name := ""
	if f.Format == "misp" {
		name = manifestFile
	}
	a, err := s.get(ctx, name, validators{})
	if err != nil {
		return err
	}
	defer a.body.Close()
	if _, err = io.ReadFull(a.body, make([]byte, 1)); errors.Is(err, io.EOF) {
		return nil // empty: whether that is believed depends on the lists before
	}
	return err
}
