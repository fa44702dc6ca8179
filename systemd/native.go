package systemd

import (
	"encoding/binary"
	"log/slog"
	"strconv"
	"strings"
	"unicode/utf8"

	"clawback/internal/visible"
)

// Limits of a record: journald's socket takes about 200 KiB in one datagram, and a field's name has at most 64 bytes.
const (
	maxRecord = 128 << 10
	maxValue  = 32 << 10
	maxName   = 64
)

// ownFields are set by the handler. An attribute of such a name gets a prefix.
var ownFields = map[string]bool{"MESSAGE": true, "MESSAGE_ID": true, "PRIORITY": true, "SYSLOG_IDENTIFIER": true}

// encode writes a record in the "Native Journal Protocol". MESSAGE repeats the attributes, because journalctl shows
// nothing else by default.
func encode(r slog.Record, fields []field) []byte {
	var b []byte
	message := []byte(visible.Line(r.Message))
	for _, f := range fields {
		message = append(message, ' ')
		message = append(message, visible.Line(f.key)...)
		message = append(message, '=')
		message = append(message, quoted(cut(f.value))...)
	}
	b = appendField(b, "MESSAGE", string(message))
	b = appendField(b, "PRIORITY", strconv.Itoa(priority(r.Level)))
	b = appendField(b, "SYSLOG_IDENTIFIER", "clawback")
	for _, f := range fields {
		if f.key == EventKey && MessageID(f.value) != "" {
			b = appendField(b, "MESSAGE_ID", MessageID(f.value))
		}
		if len(b)+min(len(f.value), maxValue) < maxRecord {
			b = appendField(b, fieldName(f.key), f.value)
		}
	}
	return b
}

// appendField writes one field, by length where its value has line ends. What is read with journalctl is read on a
// terminal.
func appendField(b []byte, name, value string) []byte {
	value = cut(visible.Text(cut(value)))
	b = append(b, name...)
	if !strings.Contains(value, "\n") {
		b = append(b, '=')
	} else {
		b = append(b, '\n')
		b = binary.LittleEndian.AppendUint64(b, uint64(len(value)))
	}
	b = append(b, value...)
	return append(b, '\n')
}

// cut shortens a value that is too long, and says so.
func cut(value string) string {
	if len(value) <= maxValue {
		return value
	}
	end := maxValue - 16
	for end > 0 && !utf8.RuneStart(value[end]) {
		end--
	}
	return value[:end] + " [cut]"
}

// quoted is a value in logfmt: in quotes where it would not read back, so that it can forge neither fields nor lines.
func quoted(value string) string {
	plain := value != ""
	for _, r := range value {
		if r <= ' ' || r == '=' || r == '"' || r == utf8.RuneError || !strconv.IsPrint(r) {
			plain = false
		}
	}
	if plain {
		return value
	}
	return strconv.Quote(value)
}

// fieldName makes a field's name of a key: capitals, digits and _, not beginning with either of the latter.
// systemd.journal-fields(7): a leading _ is for journald's own.
func fieldName(key string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z' || r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, key)
	if name == "" || name[0] == '_' || name[0] >= '0' && name[0] <= '9' || ownFields[name] {
		name = "CLAWBACK_" + strings.TrimLeft(name, "_")
	}
	return name[:min(len(name), maxName)]
}

// priority is a level as syslog counts: RFC 5424, section 6.2.1.
func priority(l slog.Level) int {
	switch {
	case l > slog.LevelError:
		return 2 // critical
	case l == slog.LevelError:
		return 3
	case l >= slog.LevelWarn:
		return 4
	case l > slog.LevelInfo:
		return 5 // notice
	case l == slog.LevelInfo:
		return 6
	}
	return 7
}
