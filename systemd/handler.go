package systemd

import (
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"clawback/internal/visible"
)

// journalSocket is where journald takes records in its native protocol.
const journalSocket = "/run/systemd/journal/socket"

// NewHandler is the log's handler for a config.Log's format. auto is journald when w is connected to it, else text;
// text is logfmt.
func NewHandler(format string, level slog.Leveler, w io.Writer) slog.Handler {
	return newHandler(format, level, output{w, journalSocket})
}

// output is where records go: to journald's socket, or to w.
type output struct {
	w      io.Writer
	socket string
}

func newHandler(format string, level slog.Leveler, out output) slog.Handler {
	o := &slog.HandlerOptions{Level: level}
	text := visible.NewWriter(out.w) // slog leaves directions and C1 controls in JSON as they are
	plain := slog.NewTextHandler(text, o)
	switch {
	case format == "json":
		return slog.NewJSONHandler(text, o)
	case format == "journal", format == "auto" && connected(out.w):
		if h, err := newJournal(out.socket, level, plain); err == nil {
			return h
		}
	}
	return plain
}

// connected reports whether w is the stream to journald that systemd gave the process.
// systemd.exec(5), $JOURNAL_STREAM: compare device and inode, since the variable is passed on to children.
func connected(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	device, inode, ok := strings.Cut(os.Getenv("JOURNAL_STREAM"), ":")
	if !ok {
		return false
	}
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return false
	}
	return device == strconv.FormatUint(uint64(st.Dev), 10) && inode == strconv.FormatUint(st.Ino, 10)
}
