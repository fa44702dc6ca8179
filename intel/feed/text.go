package feed

import (
	"bufio"
	"errors"
	"io"
	"net/netip"
	"strings"

	"clawback/config"
)

// readText reads one value a line. A second word on it is not read; in a file of hosts, the name stands behind an
// address.
func readText(r io.Reader, f *config.Feed, to sink) error {
	lines := bufio.NewReaderSize(r, maxLine)
	for {
		line, err := lines.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return refuse(LongEntry, "has a line that is longer than %d KiB", maxLine>>10)
		case err != nil && !errors.Is(err, io.EOF):
			return broken(err, "text")
		}
		if value := firstWord(string(line), f); value != "" {
			if err := to.entry(entry{kind: f.Kind, value: value, confidence: -1}); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
	}
}

// firstWord is the value of a line, "" where it has none.
func firstWord(line string, f *config.Feed) string {
	line = strings.TrimSpace(strings.TrimPrefix(line, "\ufeff"))
	if f.Comment != "" && strings.HasPrefix(line, f.Comment) {
		return ""
	}
	fields := strings.Fields(line)
	switch {
	case len(fields) == 0:
		return ""
	case len(fields) > 1 && f.Kind == kindDomain:
		if _, err := netip.ParseAddr(fields[0]); err == nil {
			return fields[1]
		}
	}
	return fields[0]
}
