package feed

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"clawback/config"
	"clawback/internal/mailaddr"
)

// readCSV reads rows. Columns are found by name, because publishers add some; abuse.ch writes the names into the last
// line of its opening comment.
func readCSV(r io.Reader, f *config.Feed, to sink) error {
	pace := &paced{r: r}
	lines := bufio.NewReaderSize(pace, maxLine)
	header, err := openingComment(lines, f.Comment)
	if err != nil {
		return err
	}
	rows := csv.NewReader(lines)
	rows.Comma, rows.LazyQuotes, rows.TrimLeadingSpace = f.Delimiter, true, true
	rows.FieldsPerRecord, rows.ReuseRecord = -1, true
	if f.Comment != "" && f.Comment[0] != byte(f.Delimiter) {
		rows.Comment = rune(f.Comment[0])
	}
	var names []string
	switch f.Header {
	case "comment":
		if header == "" {
			return refuse(Columns, "has no comment before its rows that names the columns")
		}
		names, err = splitRow(header, f.Delimiter)
	case "first":
		names, err = rows.Read()
	}
	if err != nil {
		return broken(err, "CSV")
	}
	columns, err := findColumns(names, f)
	if err != nil {
		return err
	}
	start := pace.read // of which a little is in a buffer still: the bound is not that sharp
	for {
		row, err := rows.Read()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return broken(err, "CSV")
		}
		pace.mark = start + rows.InputOffset()
		if err := columns.entry(row, f, to); err != nil {
			return err
		}
	}
}

// openingComment reads the comments that a list begins with, and answers the last one without its mark.
func openingComment(lines *bufio.Reader, mark string) (last string, err error) {
	for mark != "" {
		next, err := lines.Peek(len(mark))
		if err != nil || string(next) != mark {
			break
		}
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return "", refuse(LongEntry, "has a line that is longer than %d KiB", maxLine>>10)
		}
		text := strings.TrimSpace(string(bytes.TrimPrefix(line, []byte(mark))))
		if strings.Trim(text, mark+"#-=* ") != "" { // not a rule across the page
			last = text
		}
		if err != nil {
			break
		}
	}
	return last, nil
}

func splitRow(line string, delimiter rune) ([]string, error) {
	r := csv.NewReader(strings.NewReader(line))
	r.Comma, r.LazyQuotes, r.TrimLeadingSpace = delimiter, true, true
	return r.Read()
}

// columns are where in a row things stand; -1: nowhere.
type columns struct {
	value, kind, confidence, date, detail, compromised int
	where                                              []int // of each condition
}

// findColumns finds columns by their names, or by their numbers where there are no names.
func findColumns(names []string, f *config.Feed) (c columns, err error) {
	at := map[string]int{}
	for i, name := range names {
		name = mailaddr.Lower(strings.Trim(strings.TrimPrefix(name, "\ufeff"), " \t\"'"))
		if _, twice := at[name]; !twice {
			at[name] = i
		}
	}
	find := func(name string) int {
		switch i, ok := at[mailaddr.Lower(name)]; {
		case name == "":
			return -1
		case names == nil:
			n, _ := strconv.Atoi(name)
			return n - 1
		case ok:
			return i
		}
		err = errors.Join(err, fmt.Errorf("no column %q", name))
		return -1
	}
	n := f.Columns
	c = columns{value: find(n.Value), kind: find(n.Kind), confidence: find(n.Confidence), date: find(n.Date),
		detail: find(n.Detail), compromised: find(n.Compromised)}
	for _, w := range f.Where {
		c.where = append(c.where, find(w.Column))
	}
	if err != nil {
		return c, refuse(Columns, "has %s; its columns are %q", strings.ReplaceAll(err.Error(), "\n", ", "),
			cut(strings.Join(names, ","), 300))
	}
	return c, nil
}

// entry hands one row on.
func (c columns) entry(row []string, f *config.Feed, to sink) error {
	cell := func(i int) string {
		if i < 0 || i >= len(row) {
			return ""
		}
		return strings.TrimSpace(row[i])
	}
	if c.value >= len(row) {
		to.pass(SkipUnreadable)
		return nil
	}
	for i, w := range f.Where {
		if !strings.EqualFold(cell(c.where[i]), w.Value) {
			to.pass(SkipFilter)
			return nil
		}
	}
	return to.entry(entry{kind: kindOf(cell(c.kind), f), value: cell(c.value), detail: cell(c.detail),
		date: readDate(cell(c.date)), confidence: readConfidence(cell(c.confidence)),
		exactOnly: strings.EqualFold(cell(c.compromised), "true")})
}

// readConfidence reads a whole number from 0 to 100; -1 for none.
func readConfidence(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > 100 {
		return -1
	}
	return n
}

// kindOf is what a list's word for a kind means. A word that is not known is kept: no value can be read as one of it.
func kindOf(word string, f *config.Feed) string {
	word = mailaddr.Lower(word)
	switch word {
	case "":
		return f.Kind
	case "url", "uri", "urls":
		return kindURL
	case "domain", "hostname", "fqdn", "host", "domain:port":
		return kindDomain
	case "ip", "ip:port", "ipv4", "ipv6", "ipv4-addr", "ipv6-addr", "ip-src", "ip-dst":
		return kindIP
	case "sha256", "sha256_hash", "sha-256":
		return kindSHA256
	case "email", "email-src", "email-addr", "e-mail":
		return kindEmail
	}
	return "other:" + word
}
