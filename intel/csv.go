package intel

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"clawback/internal/visible"
)

// columns of the CSV, in the order in which they are written. Only kind and pattern must be there to be read.
func columns() []string { return []string{"kind", "pattern", "field", "verify", "note", "expires"} }

// maxCSV bounds what is read of a CSV.
const maxCSV = 8 << 20

// WriteCSV writes policies with a line of heads. ReadCSV reads them again.
func WriteCSV(w io.Writer, list []Policy) error {
	rows := [][]string{columns()}
	for _, p := range list {
		verify, expires := "", ""
		if p.Verify {
			verify = "true"
		}
		if !p.Expires.IsZero() {
			expires = p.Expires.UTC().Format(time.RFC3339)
		}
		rows = append(rows, []string{p.Kind, p.Pattern, p.Field, verify, p.Note, expires})
	}
	for _, row := range rows {
		if err := visible.Row(w, row); err != nil {
			return fmt.Errorf("write policies: %w", err)
		}
	}
	return nil
}

// ReadCSV reads policies: separated by commas or, as some spreadsheets do it, by semicolons; the first line names the
// columns, in any order. Every problem is reported, with its line.
func ReadCSV(r io.Reader) ([]Policy, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxCSV+1))
	if err != nil {
		return nil, fmt.Errorf("read policies: %w", err)
	}
	if len(data) > maxCSV {
		return nil, fmt.Errorf("read policies: more than %d MiB", maxCSV>>20)
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	in := csv.NewReader(bytes.NewReader(data))
	in.TrimLeadingSpace = true
	if first, _, _ := bytes.Cut(data, []byte("\n")); bytes.ContainsRune(first, ';') && !bytes.ContainsRune(first, ',') {
		in.Comma = ';'
	}
	heads, err := in.Read()
	if err != nil {
		return nil, fmt.Errorf("read heads of the columns: %w", err)
	}
	at, err := places(heads)
	if err != nil {
		return nil, err
	}
	return readRows(in, at)
}

// places says in which column each value stands.
func places(heads []string) (map[string]int, error) {
	at := map[string]int{}
	for i, head := range heads {
		name := strings.ToLower(strings.TrimSpace(head))
		if !slices.Contains(columns(), name) {
			return nil, fmt.Errorf("column %q is not known: use %s", head, strings.Join(columns(), ", "))
		}
		at[name] = i
	}
	for _, name := range columns()[:2] {
		if _, ok := at[name]; !ok {
			return nil, fmt.Errorf("column %q is missing: the first line names the columns", name)
		}
	}
	return at, nil
}

func readRows(in *csv.Reader, at map[string]int) ([]Policy, error) {
	var list []Policy
	var wrong []error
	for {
		row, err := in.Read()
		if err == io.EOF {
			return list, errors.Join(wrong...)
		}
		if err != nil {
			return nil, errors.Join(append(wrong, err)...)
		}
		line, _ := in.FieldPos(0)
		p, err := readRow(row, at)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("line %d: %w", line, err))
		}
		if list = append(list, p); len(list) > maxPolicies {
			return nil, fmt.Errorf("line %d: more than %d policies", line, maxPolicies)
		}
	}
}

func readRow(row []string, at map[string]int) (p Policy, err error) {
	get := func(name string) string {
		if i, ok := at[name]; ok {
			return strings.TrimSpace(visible.ReadCell(row[i]))
		}
		return ""
	}
	p = Policy{Kind: get("kind"), Pattern: get("pattern"), Field: get("field"), Note: get("note")}
	if text := strings.ToLower(get("verify")); text != "" {
		if p.Verify, err = strconv.ParseBool(text); err != nil {
			return p, fmt.Errorf("verify %q: write true or false", text)
		}
	}
	if text := get("expires"); text != "" {
		if p.Expires, err = ParseDay(text); err != nil {
			return p, fmt.Errorf("expires %w", err)
		}
	}
	if _, err := p.config().Check(); err != nil {
		return p, err
	}
	return p, nil
}

// ParseDay reads 2027-01-31, which is its first moment in UTC, or 2027-01-31T12:00:00Z.
func ParseDay(text string) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q: write it as 2027-01-31 or 2027-01-31T12:00:00Z", text)
}
