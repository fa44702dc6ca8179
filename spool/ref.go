package spool

import (
	"context"
	"io"
)

// Bodies opens bodies by their references. A Spool is one; an engine that keeps bodies in a database is another.
type Bodies interface {
	// Open opens the body that ref refers to: ErrMissing when it is not there. That the bytes are right it does not check.
	Open(ctx context.Context, ref Ref) (Body, error)
}

// Body is an open body. ReadAt may be called from several goroutines, Close again.
type Body interface {
	io.ReaderAt
	io.Closer
	Size() int64 // in bytes
}

// Ref says where a body lies and what its bytes must add up to. It is small enough to stand in a row. File and Offset mean
// something only to the Bodies that gave it: others compare File, and never open it.
type Ref struct {
	File   string `json:"f"` // what holds the body: in the spool a segment or a body file, relative to its directory
	Offset int64  `json:"o,omitempty"`
	Size   int64  `json:"n"`
	CRC    uint32 `json:"c"` // CRC-32C of the octets, as stored before compression or encryption
}
