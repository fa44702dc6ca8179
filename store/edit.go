package store

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"clawback/store/rows"
)

// Key names a row of a table that others than the store fill: of a tenant, or of the machine where Tenant is "".
type Key struct {
	Tenant string
	ID     string
}

// Row is a row of such a table.
type Row interface{ Key() Key }

// Edit is what one change does to one table. A row that is put replaces the one of its key; one that is not there is
// removed without an error.
type Edit[T Row] struct {
	Put    []T
	Remove []Key
}

// maxKeyID bounds Key.ID in bytes: an address has 320 at most.
const maxKeyID = 512

func (k Key) check(what string) error {
	bad := func(s string) bool { return strings.ContainsRune(s, 0) || !utf8.ValidString(s) }
	if k.ID == "" || len(k.ID) > maxKeyID || len(k.Tenant) > 128 || bad(k.ID) || bad(k.Tenant) {
		return fmt.Errorf("%w: %s %.40q of tenant %.40q", ErrInvalid, what, k.ID, k.Tenant)
	}
	return nil
}

func (k Key) bytes() []byte { return append(tenantKey(k.Tenant), k.ID...) }

// editTable carries an edit out. All keys are checked first.
func editTable[T Row](t *txn, table rows.Table, e Edit[T]) error {
	for _, k := range e.Remove {
		if err := k.check(title(table)); err != nil {
			return err
		}
		t.del(table, k.bytes())
	}
	for _, row := range e.Put {
		k := row.Key()
		if err := k.check(title(table)); err != nil {
			return err
		}
		if err := t.save(table, k.bytes(), row); err != nil {
			return err
		}
	}
	return nil
}

// listRows reads a tenant's rows of a table in order of their ids, or with "" all rows, in order of the tenants.
func listRows[T Row](ctx context.Context, s *Store, table rows.Table, tenant string) (list []T, err error) {
	var prefix []byte
	if tenant != "" {
		prefix = tenantKey(tenant)
	}
	err = s.view(ctx, func(t *txn) error {
		var failed error
		t.each(table, prefix, func(_, v []byte) bool {
			var row T
			if failed = decode(table, v, &row); failed == nil {
				list = append(list, row)
			}
			return failed == nil
		})
		return failed
	})
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", title(table), err)
	}
	return list, nil
}

// readRow reads one row, or ErrNotFound.
func readRow[T Row](ctx context.Context, s *Store, table rows.Table, k Key) (row T, err error) {
	err = s.view(ctx, func(t *txn) error {
		found, err := t.load(table, k.bytes(), &row)
		if err == nil && !found {
			err = ErrNotFound
		}
		return err
	})
	if err != nil {
		return row, fmt.Errorf("%s of %s: %w", title(table), k.ID, err)
	}
	return row, nil
}
