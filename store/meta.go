package store

import (
	"context"
	"fmt"
)

// PutMeta keeps a small value of the caller's own under a key of its own, such as "address/a@example.com"; a nil value
// removes it. For facts about tenants and jobs that are no rows here.
func (s *Store) PutMeta(ctx context.Context, key string, value []byte) error {
	if value != nil {
		value = append([]byte{}, value...)
	}
	if err := s.do(ctx, "", func(t *txn) error { return t.putValue(Value{key, value}) }); err != nil {
		return fmt.Errorf("put %s: %w", key, err)
	}
	return nil
}

func (t *txn) putValue(v Value) error {
	if v.Key == "" || len(v.Key) > 1024 {
		return fmt.Errorf("%w: key of %d octets", ErrInvalid, len(v.Key))
	}
	t.put(tableKV, []byte(v.Key), v.Data)
	return nil
}

// Meta reads a value that PutMeta wrote, or ErrNotFound.
func (s *Store) Meta(ctx context.Context, key string) (value []byte, err error) {
	err = s.view(ctx, func(t *txn) error {
		v := t.get(tableKV, []byte(key))
		if v == nil {
			return fmt.Errorf("value of %s: %w", key, ErrNotFound)
		}
		value = append([]byte{}, v...)
		return nil
	})
	return value, err
}

// MetaKeys lists the keys that begin with prefix, in order.
func (s *Store) MetaKeys(ctx context.Context, prefix string) (keys []string, err error) {
	err = s.view(ctx, func(t *txn) error {
		t.each(tableKV, []byte(prefix), func(k, _ []byte) bool {
			keys = append(keys, string(k))
			return true
		})
		return nil
	})
	return keys, err
}
