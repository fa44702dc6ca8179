package visible

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Row writes one row of CSV that is safe in a spreadsheet. Every cell is in quotes, since some programs take semicolons
// or tabs for separators and would find a formula behind one.
func Row(w io.Writer, cells []string) error {
	quoted := make([]string, len(cells))
	for i, cell := range cells {
		quoted[i] = `"` + strings.ReplaceAll(guard(Line(cell)), `"`, `""`) + `"`
	}
	if _, err := fmt.Fprintf(w, "%s\n", strings.Join(quoted, ",")); err != nil {
		return fmt.Errorf("write row: %w", err)
	}
	return nil
}

// guard puts an apostrophe before what a spreadsheet would calculate, or before an apostrophe of that kind.
func guard(cell string) string {
	if isFormula(strings.TrimLeft(cell, "'")) {
		return "'" + cell
	}
	return cell
}

// formulaSigns begin a formula: as they are, in full width, and small; and the minus sign.
const formulaSigns = "=+-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212"

// isFormula reports whether a spreadsheet calculates a cell. Tabs and ends of lines, which some count too, are escapes
// by now.
func isFormula(cell string) bool {
	cell = strings.TrimLeftFunc(cell, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) })
	first, _ := utf8.DecodeRuneInString(cell)
	return strings.ContainsRune(formulaSigns, first)
}

// ReadCell answers what a cell of a Row was made of.
func ReadCell(cell string) string {
	if bare, guarded := strings.CutPrefix(cell, "'"); guarded && isFormula(strings.TrimLeft(bare, "'")) {
		cell = bare
	}
	return unescape(cell)
}

// unescape undoes Line. An escape of what Line does not escape is the text that it looks like.
func unescape(s string) string {
	var out strings.Builder
	for {
		before, after, found := strings.Cut(s, `\u`)
		out.WriteString(before)
		if !found {
			return out.String()
		}
		if r, size := escaped(after); size > 0 {
			out.WriteRune(r)
			after = after[size:]
		} else {
			out.WriteString(`\u`)
		}
		s = after
	}
}

// escaped reads what follows \u; size 0 where Line did not write it.
func escaped(s string) (r rune, size int) {
	const digits, second = 4, `\u`
	if r = hex(s); r >= 0 && breaks(r) {
		return r, digits
	}
	if r != 0xdb40 || !strings.HasPrefix(s[digits:], second) { // the high half of all tags
		return 0, 0
	}
	low := hex(s[digits+len(second):])
	if r = 0xe0000 + low - 0xdc00; low >= 0xdc00 && Steers(r) {
		return r, digits + len(second) + digits
	}
	return 0, 0
}

// hex reads four digits as Line writes them; -1 where there are none.
func hex(s string) rune {
	if len(s) < 4 || strings.ToLower(s[:4]) != s[:4] {
		return -1
	}
	n, err := strconv.ParseUint(s[:4], 16, 32)
	if err != nil {
		return -1
	}
	return rune(n)
}
