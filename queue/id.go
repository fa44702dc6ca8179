package queue

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

// order is base32 with digits that sort as their values do, in lower case (RFC 4648, section 7).
var order = base32.HexEncoding.WithPadding(base32.NoPadding)

// BounceID is the identity of a bounce: of the same bytes of one tenant there is one.
func BounceID(tenant, digest string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s", tenant, digest))
	return "b" + strings.ToLower(order.EncodeToString(sum[:15]))
}

// NewID is an id that sorts by time and that no other item has: nanoseconds and 32 random bits.
func NewID(now time.Time) string {
	var b [12]byte
	binary.BigEndian.PutUint64(b[:], uint64(now.UnixNano()))
	_, _ = rand.Read(b[8:]) // never fails since Go 1.24
	return "q" + strings.ToLower(order.EncodeToString(b[:]))
}

// IDTime reads the time out of an item's id.
func IDTime(id string) time.Time {
	b, err := order.DecodeString(strings.ToUpper(strings.TrimPrefix(id, "q")))
	if err != nil || len(b) < 8 {
		return time.Time{}
	}
	return time.Unix(0, int64(binary.BigEndian.Uint64(b))).UTC()
}
