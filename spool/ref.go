package spool

import (
	"context"
	"encoding/json"
	"io"
)

// Bodies opens bodies by their references. A Spool is one; an engine that keeps bodies in a database is another.
type Bodies interface {
	// Open opens the body that ref refers to: ErrMissing when it is not there. That the bytes are right it does not
	// check.
	Open(ctx context.Context, ref Ref) (Body, error)
}

// Body is an open body. ReadAt may be called from several goroutines, Close again.
type Body interface {
	io.ReaderAt
	io.Closer
	Size() int64 // in bytes
}

// Ref says where a body lies and what its bytes must add up to. It is small enough to stand in a row. File and Offset
// mean something only to the Bodies that gave it: others compare File, and never open it.
type Ref struct {
	File   string `json:"file"` // what holds the body: in the spool a segment or a body file, relative to its directory
	Offset int64  `json:"offset,omitempty"`
	Size   int64  `json:"size"`   // in bytes
	CRC    uint32 `json:"crc32c"` // CRC-32C of the bytes, as they were before compression or encryption
}

// UnmarshalJSON reads also what versions before have written, whose keys were letters: rows of queue.db, of the log and
// of the store live as long as their messages do.
func (r *Ref) UnmarshalJSON(text []byte) error {
	type now Ref
	var row struct {
		now
		OldFile   *string `json:"f"`
		OldOffset int64   `json:"o"`
		OldSize   int64   `json:"n"`
		OldCRC    uint32  `json:"c"`
	}
	row.now = now(*r)
	if err := json.Unmarshal(text, &row); err != nil {
		return err
	}
	*r = Ref(row.now)
	if row.OldFile != nil {
		*r = Ref{File: *row.OldFile, Offset: row.OldOffset, Size: row.OldSize, CRC: row.OldCRC}
	}
	return nil
}
