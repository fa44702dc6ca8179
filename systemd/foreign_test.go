package systemd

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"unicode/utf8"

	"clawback/internal/visible"
)

// hostile has every character that must not reach a terminal.
func hostile() string {
	var b strings.Builder
	for r := rune(0); r <= utf8.MaxRune; r++ {
		if visible.Steers(r) {
			b.WriteRune(r)
		}
	}
	return b.String() + "\nlevel=ERROR msg=forged \xff"
}

// logHostile logs foreign text in each place that a record has for it.
func logHostile(h slog.Handler) {
	bad := hostile()
	slog.New(h).With("with", bad).Error("message "+bad, "text", bad, "error", errors.New(bad), "list", []string{bad},
		slog.Group("group", "inner"+bad, bad))
}

// No form of the log lets foreign text steer the terminal that it is read on, or begin a record of its own.
func TestHandler_foreignText(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		var out bytes.Buffer
		logHostile(newHandler(format, slog.LevelInfo, output{w: &out}))
		if i := strings.IndexFunc(out.String(), visible.Steers); i >= 0 {
			t.Errorf("%s: %q steers", format, out.String()[max(0, i-30):i+10])
		}
		if strings.Count(out.String(), "\n") != 1 {
			t.Errorf("%s: %d lines", format, strings.Count(out.String(), "\n"))
		}
		if format == "json" && !json.Valid(out.Bytes()) {
			t.Errorf("not JSON: %s", out.Bytes())
		}
	}
}

func TestJournal_foreignText(t *testing.T) {
	j := newFakeJournal(t)
	logHostile(newHandler("journal", slog.LevelInfo, output{w: &bytes.Buffer{}, socket: j.path}))
	fields := j.next(t)
	for name, value := range fields {
		if i := strings.IndexFunc(value, visible.Steers); i >= 0 {
			t.Errorf("%s: %q steers", name, value[max(0, i-30):i+10])
		}
	}
	if strings.Contains(fields["MESSAGE"], "\n") || !strings.HasPrefix(fields["MESSAGE"], "message ") {
		t.Errorf("MESSAGE is %q", fields["MESSAGE"])
	}
	if !strings.Contains(fields["TEXT"], `\u202e`) {
		t.Errorf("TEXT is %q", fields["TEXT"])
	}
}
