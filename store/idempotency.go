package store

import (
	"context"
	"time"
)

// KeyUse is that a request was made under an Idempotency-Key, so that it is carried out once. It is written before the
// act, and again after it with what was answered.
type KeyUse struct {
	ID        string    `json:"id"`        // hex SHA-256 of who asked and his key
	Who       string    `json:"who"`       // who asked, as the door has proven it
	Operation string    `json:"operation"` // by its name
	At        time.Time `json:"at"`
	Done      bool      `json:"done,omitempty"`   // false: it runs, or its end is not known
	Digest    []byte    `json:"digest,omitempty"` // SHA-256 of the request, when it is done
	Size      int       `json:"size,omitempty"`   // bytes of the KeyAnswer; 0: none is kept
}

// Key implements Row.
func (u KeyUse) Key() Key { return Key{"", u.ID} }

// KeyAnswer is what was answered to the request of a KeyUse.
type KeyAnswer struct {
	ID   string `json:"id"` // of the KeyUse
	Body []byte `json:"body"`
}

// Key implements Row.
func (a KeyAnswer) Key() Key { return Key{"", a.ID} }

// KeyUses lists under which keys requests were made, in order of their ids.
func (s *Store) KeyUses(ctx context.Context) ([]KeyUse, error) {
	return listRows[KeyUse](ctx, s, tableKeyUses, "")
}

// KeyAnswer reads what was answered under a key, or ErrNotFound.
func (s *Store) KeyAnswer(ctx context.Context, id string) (KeyAnswer, error) {
	return readRow[KeyAnswer](ctx, s, tableKeyAnswers, Key{"", id})
}
