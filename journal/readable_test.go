package journal

import (
	"clawback/rfc822"

	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"testing"
)

func TestReadable_givesTheOctetsHoweverTheyCame(t *testing.T) {
	large := bytes.Repeat([]byte("0123456789abcdef\r\n"), inMemory/18+100)
	for _, c := range []struct {
		name     string
		octets   []byte
		encoding string
	}{
		{"as they are", []byte("From: a@example.com\r\n\r\nhello\r\n"), ""},
		{"encoded", []byte("From: a@example.com\r\n\r\nhello\r\n"), string(rfc822.Base64)},
		{"encoded and large", large, string(rfc822.Base64)},
		{"exactly as large as memory may hold", large[:inMemory], string(rfc822.Base64)},
		{"one more", large[:inMemory+1], string(rfc822.Base64)},
	} {
		t.Run(c.name, func(t *testing.T) {
			stored := c.octets
			if c.encoding != "" {
				stored = []byte(base64.StdEncoding.EncodeToString(c.octets))
			}
			const before = "before"
			o := Original{Section: Section{Offset: int64(len(before)), Size: int64(len(stored))}, Encoding: c.encoding}
			r, err := o.Readable(bytes.NewReader(append([]byte(before), stored...)))
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(io.NewSectionReader(r, 0, r.Size))
			if err != nil || !bytes.Equal(got, c.octets) {
				t.Errorf("got %d octets, %v; want %d", len(got), err, len(c.octets))
			}
			if (r.file != nil) != (len(c.octets) > inMemory) {
				t.Error("in a file where memory would do, or the other way round")
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestReadable_damagedEncodingIsAnError(t *testing.T) {
	o := Original{Section: Section{Size: 9}, Encoding: string(rfc822.Base64), SHA256: sha256.Sum256([]byte("\x00\x00\x00\x00\x00\x00"))}
	if _, err := o.Readable(bytes.NewReader([]byte("AAAAAAAA\n"))); err != nil {
		t.Error(err)
	}
	if _, err := o.Readable(bytes.NewReader([]byte("AAAA!!AAA"))); err == nil {
		t.Error("what cannot be decoded was taken for the original")
	}
}
