package api

import (
	"context"
	"io"

	"clawback/store"
)

// Upkeep is what is done with the state as a whole.
type Upkeep interface {
	Backup(ctx context.Context, w io.Writer) error                 // writes a copy of all
	CheckStore(ctx context.Context) (findings []string, err error) // what of the store's rows does not fit together
	FindOld() (path string, err error)                             // what a version before has left; store.ErrNotFound
	ForgetOld(ctx context.Context) error                           // removes that
}

// StoreCheck is what a check of the store has found.
type StoreCheck struct {
	Findings []string `json:"findings"`
}

// Removed names a file that was removed.
type Removed struct {
	Path string `json:"path"`
}

// The operations on the state as a whole.
var (
	Backup = define(Operation{Name: "backup", Route: "GET /v1/backup", Role: Administrator, Machine: true,
		Bodies: true,
		Does:   "the whole state as of one moment, as a tar archive"}, (*Service).backup)
	CheckStore = define(Operation{Name: "store.check", Route: "GET /v1/store/check", Role: Viewer,
		Machine: true,
		Does:    "verify that the store's rows fit each other"}, (*Service).checkStore)
	ForgetOld = define(Operation{Name: forgetOldName, Route: "POST /v1/store/forget-old", Role: Administrator,
		Machine: true,
		Does:    "remove what an earlier version's store has left"}, (*Service).forgetOld)
)

// backup streams a copy of the whole state. Where it ends early the stream ends with an error, and lacks its manifest.
func (s *Service) backup(ctx context.Context, a access, _ None) (Stream, error) {
	if err := s.note(ctx, store.Act{Who: a.Name, What: a.op.Name}); err != nil {
		return Stream{}, err
	}
	out, in := io.Pipe()
	go func() { in.CloseWithError(s.o.Upkeep.Backup(ctx, in)) }() // ends when the reader does
	return Stream{out, "application/x-tar"}, nil
}

func (s *Service) checkStore(ctx context.Context, _ access, _ None) (StoreCheck, error) {
	findings, err := s.o.Upkeep.CheckStore(ctx)
	return StoreCheck{append([]string{}, findings...)}, err
}

func (s *Service) forgetOld(ctx context.Context, a access, _ None) (Removed, error) {
	path, err := s.o.Upkeep.FindOld()
	if err != nil {
		return Removed{}, err
	}
	return Removed{path}, s.order(ctx, store.Act{Who: a.Name, What: a.op.Name, Object: path})
}
