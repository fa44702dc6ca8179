package confined

import (
	"encoding/binary"
	"fmt"
	"io"

	"clawback/score/attach"
)

// What crosses between the processes is frames: a length of four bytes, and an encoded value of so many. A child says
// hello first. Each request is one frame and the files' contents behind it; each answer is a frame for every file, in
// their order.

const (
	maxRequest = 32 << 20 // bytes of a request's frame, without contents: names are no longer than the message
	maxAnswer  = 32 << 20 // bytes of the answer for a file: pages and messages in it are sent back whole
)

// hello is what a child says of itself once it is ready.
type hello struct {
	Version int
	Filter  string // why there is no filter of system calls; "" when there is one
}

// version changes whenever frames do. Both ends are the same program, unless the file was replaced while it ran.
const version = 1

// request is a batch of files to look into.
type request struct {
	Limits attach.Limits
	Files  []header
}

// header is a file whose content follows.
type header struct {
	File attach.File // without Body
	Size int
}

// answer is what there is to say of one file.
type answer struct {
	Limits attach.Limits // what is left
	Report attach.Report
}

func writeFrame(w io.Writer, v any) error {
	out := encode(make([]byte, 4, 512), v)
	binary.BigEndian.PutUint32(out, uint32(len(out)-4))
	_, err := w.Write(out)
	return err
}

// readFrame reads a value of at most so many bytes.
func readFrame(r io.Reader, most int, v any) error {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	size := binary.BigEndian.Uint32(head[:])
	if size > uint32(most) {
		return fmt.Errorf("a frame of %d bytes: %w", size, errMalformed)
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(r, body); err != nil {
		return err
	}
	return decode(body, v)
}
