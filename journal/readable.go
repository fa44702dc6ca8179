package journal

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
)

// inMemory is how large an encoded original may be to be decoded in memory; a larger one goes to a temporary file.
const inMemory = 4 << 20

// Readable is random access to an original's octets.
type Readable struct {
	io.ReaderAt
	Size int64
	file *os.File // nil: in memory, or in the report itself
}

// Close frees what decoding took.
func (r *Readable) Close() error {
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}

// Readable gives random access to the original. Nearly all lie as they are in the report; one that came
// transfer-encoded (Send Again, our own bounces) is decoded first, and compared with its hash where that is known.
// Close it after use.
func (o Original) Readable(src io.ReaderAt) (*Readable, error) {
	if o.Encoding == "" {
		return &Readable{ReaderAt: io.NewSectionReader(src, o.Section.Offset, o.Section.Size), Size: o.Section.Size},
			nil
	}
	sum := sha256.New()
	in := io.TeeReader(o.Open(src), sum)
	r, err := decode(in)
	if err != nil {
		return nil, fmt.Errorf("decode original: %w", err)
	}
	if o.SHA256 != [32]byte{} && !bytes.Equal(sum.Sum(nil), o.SHA256[:]) {
		r.Close()
		return nil, fmt.Errorf("decode original: %w", errDamaged)
	}
	return r, nil
}

var errDamaged = errors.New("its octets are not those that were journaled")

// decode reads a stream to its end, into memory or a file.
func decode(in io.Reader) (*Readable, error) {
	octets, err := io.ReadAll(io.LimitReader(in, inMemory+1))
	if err != nil {
		return nil, err
	}
	if len(octets) <= inMemory {
		return &Readable{ReaderAt: bytes.NewReader(octets), Size: int64(len(octets))}, nil
	}
	return decodeToFile(io.MultiReader(bytes.NewReader(octets), in))
}

func decodeToFile(in io.Reader) (*Readable, error) {
	f, err := os.CreateTemp("", "clawback-original-*")
	if err != nil {
		return nil, err
	}
	os.Remove(f.Name()) // gone with its last descriptor, whatever happens
	n, err := io.Copy(f, in)
	if err != nil {
		f.Close()
		return nil, err
	}
	return &Readable{ReaderAt: f, Size: n, file: f}, nil
}

// Clear is the original that can be read: the decrypted copy of a protected one, else the first. The report must have
// one.
func (r *Report) Clear() Original {
	for _, o := range r.Originals {
		if o.Decrypted {
			return o
		}
	}
	return r.Originals[0]
}
