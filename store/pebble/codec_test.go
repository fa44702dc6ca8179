package pebble

import (
	"bytes"
	"strings"
	"testing"
)

func TestCodec_givesBackWhatItWasGiven(t *testing.T) {
	c, err := newCodec()
	if err != nil {
		t.Fatal(err)
	}
	row := []byte(`{"id":"r","tenant":"t","subject":"` + strings.Repeat("pallet ", 200) + `"}`)
	for name, value := range map[string][]byte{
		"nothing": {}, "one byte": {1}, "short": []byte(`{"processed":1}`), "a row": row, "the dictionary": []byte(dictionary),
		"what does not compress": []byte(strings.Repeat("\x00", 10) + noise(5000)), "a large one": bytes.Repeat(row, 10_000),
	} {
		kept := c.encode(value)
		back, err := c.decode(kept)
		if err != nil || !bytes.Equal(back, value) {
			t.Errorf("%s: %d bytes came back of %d, %v", name, len(back), len(value), err)
		}
		if len(kept) > len(value)+1 {
			t.Errorf("%s: %d bytes are kept of %d", name, len(kept), len(value))
		}
	}
	if kept := c.encode(row); len(kept) > len(row)/5 {
		t.Errorf("a row of %d bytes is kept in %d", len(row), len(kept))
	}
}

func noise(n int) string {
	var out []byte
	for state := uint32(1); len(out) < n; {
		state = state*1664525 + 1013904223
		out = append(out, byte(state>>24))
	}
	return string(out)
}

func TestCodec_refusesWhatIsNoValue(t *testing.T) {
	c, err := newCodec()
	if err != nil {
		t.Fatal(err)
	}
	whole := c.encode([]byte(dictionary))
	for name, kept := range map[string][]byte{
		"nothing": {}, "an unknown form": {7, 1, 2}, "cut short": whole[:len(whole)-3], "garbage": append([]byte{zstdJSON}, "garbage"...),
	} {
		if v, err := c.decode(kept); err == nil {
			t.Errorf("%s: %q", name, v)
		}
	}
}
