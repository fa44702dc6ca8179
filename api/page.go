package api

import (
	"cmp"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"

	"clawback/store"
)

// Page is a part of a list, and where the next part begins.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"` // cursor of the next part; "" where there is none, or none can be found
	Cut   Cut    `json:"cut,omitempty"`  // why the list ends here although there may be more; "" where it is whole
}

// Cut is why a list ends before its end.
type Cut string

// The reasons.
const (
	CutByLimit  Cut = "limit"        // as many as were asked for
	CutBySearch Cut = "search_bound" // as many rows as a search may look at
)

// Paging selects a part of a list.
type Paging struct {
	Cursor string `json:"cursor,omitempty"` // Next of the part before; "": the first
	Limit  int    `json:"limit,omitempty"`  // 1 to 1000; 0: 100
}

// What a part may hold.
const (
	DefaultLimit = 100
	MaxLimit     = 1000
)

// limit is the number of rows asked for.
func (p Paging) limit() (int, error) {
	if p.Limit < 0 || p.Limit > MaxLimit {
		return 0, problem(InvalidRequest, "limit %d: use a number from 1 to %d, and the cursor for more", p.Limit,
			MaxLimit)
	}
	return cmp.Or(p.Limit, DefaultLimit), nil
}

// A cursor is the key of a part's last row, in base64 so that nobody builds on how it is made.
func cursorOf(key string) string { return base64.RawURLEncoding.EncodeToString([]byte(key)) }

// after is the key in the cursor; "" for the first part.
func (p Paging) after() (string, error) {
	key, err := base64.RawURLEncoding.DecodeString(p.Cursor)
	if err != nil {
		return "", problem(InvalidRequest, "cursor %q: it is none of ours; leave it out to begin anew", p.Cursor)
	}
	return string(key), nil
}

// afterNumber is the number in the cursor; 0 for the first part.
func (p Paging) afterNumber() (uint64, error) {
	key, err := p.after()
	if err != nil || key == "" {
		return 0, err
	}
	n, err := strconv.ParseUint(key, 10, 64)
	if err != nil || n == 0 {
		return 0, problem(InvalidRequest, "cursor %q: it is of another list", p.Cursor)
	}
	return n, nil
}

// read makes a part of what a store lists after a key, having been asked for one row more than the limit.
func read[T, U any](rows []T, limit int, key func(T) string, show func(T) U) Page[U] {
	page := Page[U]{Items: make([]U, 0, min(len(rows), limit))}
	for i, row := range rows {
		if i == limit {
			page.Next, page.Cut = cursorOf(key(rows[i-1])), CutByLimit
			break
		}
		page.Items = append(page.Items, show(row))
	}
	return page
}

// ofTenant keeps what is of one tenant; of "" all.
func ofTenant[T any](all []T, tenant string, of func(T) string) (list []T) {
	for _, one := range all {
		if tenant == "" || of(one) == tenant {
			list = append(list, one)
		}
	}
	return list
}

// part makes a part of a list that is whole in memory. The cursor has the place beside the key: where the row of the
// key has gone meanwhile, the list goes on from where that was.
func part[T, U any](all []T, p Paging, key func(T) string, show func(T) U) (Page[U], error) {
	limit, err := p.limit()
	if err != nil {
		return Page[U]{}, err
	}
	last, err := p.after()
	if err != nil {
		return Page[U]{}, err
	}
	from := 0
	if last != "" {
		place, name, ok := strings.Cut(last, " ")
		at, err := strconv.Atoi(place)
		if !ok || err != nil || at < 0 {
			return Page[U]{}, problem(InvalidRequest, "cursor %q: it is of another list", p.Cursor)
		}
		from = min(max(at-1, 0), len(all)) // without its own row
		for i, one := range all {
			if key(one) == name {
				from = i + 1
			}
		}
	}
	page := Page[U]{Items: []U{}}
	for i := from; i < len(all) && i < from+limit; i++ {
		page.Items = append(page.Items, show(all[i]))
	}
	if end := from + limit; end < len(all) {
		page.Next, page.Cut = cursorOf(strconv.Itoa(end)+" "+key(all[end-1])), CutByLimit
	}
	return page, nil
}

// searched is a part that a search has found. Where the search was ended by its bound, the part says so.
func searched[T any](page Page[T], err error) (Page[T], error) {
	if !errors.Is(err, store.ErrBound) {
		return page, err
	}
	if page.Cut == "" {
		page.Cut = CutBySearch
	}
	return page, nil
}

func number(n uint64) string { return strconv.FormatUint(n, 10) }

func (p *Paging) paging() *Paging { return p }
