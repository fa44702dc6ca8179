package pipeline

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"clawback/journal"
)

// inMemory is how large a transfer-encoded original may be to be decoded in memory; larger ones go to a temporary file.
const inMemory = 4 << 20

// readable gives random access to an original's octets. Nearly all lie as they are in the report; one that came
// transfer-encoded (Send Again, our own bounces) is decoded first. done frees what that took.
func readable(o journal.Original, src io.ReaderAt) (r io.ReaderAt, size int64, done func(), err error) {
	nothing := func() {}
	if o.Encoding == "" {
		return io.NewSectionReader(src, o.Section.Offset, o.Section.Size), o.Section.Size, nothing, nil
	}
	if o.Size <= inMemory {
		octets, err := io.ReadAll(io.LimitReader(o.Open(src), inMemory+1))
		if err != nil {
			return nil, 0, nothing, fmt.Errorf("decode original: %w", err)
		}
		return bytes.NewReader(octets), int64(len(octets)), nothing, nil
	}
	return decodeToFile(o, src)
}

func decodeToFile(o journal.Original, src io.ReaderAt) (io.ReaderAt, int64, func(), error) {
	f, err := os.CreateTemp("", "clawback-original-*")
	if err != nil {
		return nil, 0, func() {}, fmt.Errorf("decode original: %w", err)
	}
	done := func() { f.Close() }
	os.Remove(f.Name()) // gone with its last descriptor, whatever happens
	n, err := io.Copy(f, o.Open(src))
	if err != nil {
		done()
		return nil, 0, func() {}, fmt.Errorf("decode original: %w", err)
	}
	return f, n, done, nil
}
