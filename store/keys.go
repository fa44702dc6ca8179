package store

import (
	"clawback/internal/mailaddr"

	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// encoding gives 26 characters for 16 bytes, in lower case so that an id can be typed.
var encoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// yearOne is the Unix time of Go's zero time: stamps count from there, so that they are never negative.
const yearOne = -62135596800

// hash16 is a key for values of any length; each part is written with its length, so that parts cannot run together.
func hash16(parts ...string) []byte {
	var room [256]byte // for most
	text := room[:0]
	for _, p := range parts {
		text = append(strconv.AppendInt(text, int64(len(p)), 10), ':')
		text = append(text, p...)
	}
	sum := sha256.Sum256(text)
	return sum[:16]
}

// stamp is a time in milliseconds as a key that sorts, rounded down.
func stamp(t time.Time) []byte { return number(millis(t)) }

// stampUp rounds up, so that what a key says is due is due.
func stampUp(t time.Time) []byte {
	ms := millis(t)
	if t.Nanosecond()%int(time.Millisecond) != 0 {
		ms++
	}
	return number(ms)
}

// stampDown sorts the newest first.
func stampDown(t time.Time) []byte { return number(^millis(t)) }

func millis(t time.Time) uint64 {
	sec := t.Unix() - yearOne
	if sec < 0 {
		return 0
	}
	return uint64(sec)*1000 + uint64(t.Nanosecond()/int(time.Millisecond))
}

// stampTime reads a stamp back.
func stampTime(key []byte) time.Time {
	ms := binary.BigEndian.Uint64(key)
	return time.Unix(int64(ms/1000)+yearOne, int64(ms%1000)*int64(time.Millisecond)).UTC()
}

// stampTimeDown reads back what stampDown wrote.
func stampTimeDown(key []byte) time.Time { return stampTime(number(^binary.BigEndian.Uint64(key))) }

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func join(parts ...[]byte) []byte {
	var key []byte
	for _, p := range parts {
		key = append(key, p...)
	}
	return key
}

// tenantKey is what the rows of one tenant begin with.
func tenantKey(tenant string) []byte { return append([]byte(tenant), 0) }

// nulled is a key's part of which the end must be known.
func nulled(s string) []byte { return append([]byte(s), 0) }

// RecordID is the identity of the record that the application is about: tenant and network message id where there is
// one to be trusted, else tenant, Message-ID and content. A Message-ID alone never makes an identity.
func (a Application) RecordID() string {
	if a.Network != "" {
		return "r" + encoding.EncodeToString(hash16("network", a.Tenant, mailaddr.Lower(a.Network)))
	}
	content := a.Record.Content
	if content == "" && len(a.Record.Variants) > 0 {
		content = "octets " + a.Record.Variants[0].SHA256
	}
	if content == "" {
		content = "report " + a.Key
	}
	return "r" + encoding.EncodeToString(hash16("content", a.Tenant, a.Record.MessageID, content))
}

// IntentID is the identity of an intent: one for each record, address (in any case) and kind.
func IntentID(record, address string, kind Kind) string {
	return "i" + encoding.EncodeToString(hash16("intent", record, mailaddr.Lower(address), string(kind)))
}

// checkID refuses what cannot be a part of a key.
func checkID(what, id string) error {
	if id == "" || len(id) > 128 || strings.ContainsRune(id, 0) || !utf8.ValidString(id) {
		return fmt.Errorf("%w: %s %.40q must have 1 to 128 bytes of UTF-8 and no NUL", ErrInvalid, what, id)
	}
	return nil
}
