package feed

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"io"
	"os"
)

// maxLayers is how often an answer may be packed: a packed file, packed once more by the server.
const maxLayers = 3

// unpack answers what an answer holds, whatever it is packed by: gzip, bzip2, or a zip of one file. What it is, its
// first bytes say: servers label such files in many ways. A web page is refused. Close removes what was written for
// it.
func unpack(body io.Reader, l limits, dir string) (io.ReadCloser, error) {
	u := &unpacked{}
	r := bufio.NewReader(&bounded{body, l.wire, "as it comes"})
	for range maxLayers {
		head, _ := r.Peek(4)
		var inner io.Reader
		var err error
		switch {
		case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
			inner, err = gzip.NewReader(r)
		case bytes.HasPrefix(head, []byte("BZh")):
			inner = bzip2.NewReader(r)
		case bytes.HasPrefix(head, []byte("PK\x03\x04")):
			inner, err = u.zip(r, dir)
		default:
			u.Reader = r
			return u, noList(r)
		}
		if err != nil {
			u.Close()
			return nil, broken(err, "a packed file")
		}
		r = bufio.NewReader(&bounded{&packed{inner}, l.unpacked, "when unpacked"})
	}
	u.Reader = r
	return u, noList(r)
}

// unpacked is what was packed, and the file that a zip was written to.
type unpacked struct {
	io.Reader
	file *os.File
}

func (u *unpacked) Close() error {
	if u.file == nil {
		return nil
	}
	return u.file.Close()
}

// zip reads the only file of a zip, which is written out first: its contents stand at its end.
func (u *unpacked) zip(r io.Reader, dir string) (io.Reader, error) {
	if u.file != nil {
		return nil, refuse(Format, "is a zip within a zip")
	}
	f, err := scratch(dir)
	if err != nil {
		return nil, err
	}
	u.file = f
	size, err := io.Copy(f, r)
	if err != nil {
		return nil, err
	}
	archive, err := zip.NewReader(f, size)
	if err != nil {
		return nil, err
	}
	var files []*zip.File
	for _, file := range archive.File {
		if file.Mode().IsRegular() {
			files = append(files, file)
		}
	}
	if len(files) != 1 {
		return nil, refuse(Format, "is a zip of %d files, not of one", len(files))
	}
	if files[0].Flags&1 != 0 { // APPNOTE.TXT, section 4.4.4
		return nil, refuse(Format, "is an encrypted zip")
	}
	return files[0].Open()
}

// scratch makes a file that is gone with the process at the latest.
func scratch(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, ".scratch-*")
	if err != nil {
		return nil, refuse(Storage, "cannot be put down: %w", err)
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, refuse(Storage, "cannot be put down: %w", err)
	}
	return f, nil
}

// bounded ends a reader that has more than it may.
type bounded struct {
	r    io.Reader
	left int64
	what string
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		var one [1]byte
		n, err := b.r.Read(one[:])
		if n > 0 {
			return 0, refuse(TooLarge, "is too large %s", b.what)
		}
		return 0, err
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// packed says of a broken packed file that it is one.
type packed struct{ r io.Reader }

func (p *packed) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	if err == nil || errors.Is(err, io.EOF) {
		return n, err
	}
	return n, broken(err, "a packed file")
}

// noList refuses what is no list by its first bytes: a web page, for no list begins with "<", and text in an encoding
// of two or four bytes a character, as some programs of Windows write.
func noList(r *bufio.Reader) error {
	head, _ := r.Peek(512)
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) ||
		bytes.IndexByte(head, 0) >= 0 {
		return refuse(Format, "is not in UTF-8: it is binary, or in UTF-16, which is not read")
	}
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n")
	if bytes.HasPrefix(head, []byte("<")) {
		return refuse(HTML, "is a web page: the server wants a sign-in, or turns programs away")
	}
	return nil
}
