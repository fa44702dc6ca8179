package packed

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

// texts are JSON as encoding/json writes it, near the bounds of each form.
func texts() []string {
	digest := strings.Repeat("0123456789abcdef", 4)
	list := []string{
		`{}`, `[]`, `null`, `true`, `false`, `0`, `-1`, `1.5`, `-0.25`, `0.001`, `100`, `1e+30`, `1e-7`, `123456789012345678`,
		`1234567890123456789`, `-9223372036854775808`, `18446744073709551615`, `0.1234567890123456`, `12345.678901234567`,
		`""`, `"a"`, `"\u003ca\u003e \u0026amp; \\u003c \" \n \u2028"`, `"é€😀"`, `"\\"`, `"\\\""`,
		`"` + digest + `"`, `"` + strings.ToUpper(digest) + `"`, `"` + digest[:62] + `"`, `"` + digest[:63] + `"`, `"` + digest[:12] + `"`,
		`"` + digest[:11] + `"`, `"00"`, `"` + strings.Repeat(digest, 80) + `"`,
		`"3f1c2b4a-5d6e-4f70-8192-a3b4c5d6e7f8"`, `"3F1C2B4A-5D6E-4F70-8192-A3B4C5D6E7F8"`, `"3f1c2b4a-5d6e-4f70-8192-a3b4c5d6e7f-"`,
		`"3f1c2b4a5-d6e-4f70-8192-a3b4c5d6e7f8"`,
		`"rs2jdbqcfssfpomn6o376ozzmvu"`, `"rs2jdbqcfssfpomn6o376ozzmvv"`, `"Rs2jdbqcfssfpomn6o376ozzmvu"`, `"rs2jdbqcfssfpomn6o376ozzmv1"`,
		`"2026-11-29T21:48:21.314722249Z"`, `"2026-11-29T21:48:21Z"`, `"2026-11-29T21:48:21.5Z"`, `"2026-11-29T21:48:21.50Z"`,
		`"2026-11-29T21:48:21+01:00"`, `"2026-02-30T00:00:00Z"`, `"0001-01-01T00:00:00Z"`, `"9999-12-31T23:59:59.999999999Z"`,
		`"2026-11-29T24:00:00Z"`, `"1959-12-31T23:59:59Z"`, `["1960-01-01T00:00:00Z","2100-12-31T23:59:59.999999999Z","1960-01-01T00:00:00Z"]`, `"2026-11-29t21:48:21Z"`,
		`["2026-11-29T21:48:21Z","2026-11-29T21:48:21Z","2020-01-01T00:00:00.000000001Z"]`,
		`["abc","abc","ab","ab","abc"]`, `["` + digest + `","` + digest + `"]`, `[["x"],{"id":[{"unheard of":{"id":1}}]}]`,
		`"AAMkAJ0EDM4Rlu_d8bsW7myX1LIubkYBfFbq9lZLDoH-VTD5Hmor6PWqVDxxfilRAAA="`, `"` + strings.Repeat("A", 43) + `="`,
		`"` + strings.Repeat("A", 42) + `B="`, `"` + strings.Repeat("A", 44) + `"`, `"` + strings.Repeat("A", 40) + `\n\n"`,
		`"` + strings.Repeat("A", 36) + `=AAA"`, `"` + strings.Repeat("+/", 20) + `"`,
		`{"":1}`, `{"a\u003c":"b"}`, `{"id":"a","id":"b"}`,
	}
	for i := range 300 { // more texts than one byte counts, each twice
		list[0] = strings.TrimSuffix(list[0], "}")
		list[0] += fmt.Sprintf(`%s"k%d":"text %d","l%d":"text %d"`, map[bool]string{true: ","}[i > 0], i, i, i, i/2)
	}
	list[0] += "}"
	return append(list, `{}`)
}

func TestPack_givesBackEveryByte(t *testing.T) {
	for _, text := range texts() {
		if !json.Valid([]byte(text)) {
			t.Fatalf("%s is no JSON", text)
		}
		kept, ok := Pack([]byte("before"), []byte(text))
		if !ok {
			t.Errorf("%.80s is not packed", text)
			continue
		}
		back, err := Unpack([]byte("x"), kept[len("before"):], len(text))
		if err != nil || string(back) != "x"+text {
			t.Errorf("%.80s came back as %.80s, %v", text, back, err)
		}
	}
}

// What encoding/json would not write is refused, and dst stays as it was.
func TestPack_refusesWhatWouldChange(t *testing.T) {
	for _, text := range []string{
		``, ` {}`, `{} `, `{ }`, `{"a" :1}`, `{"a": 1}`, `[1 ]`, `[1,]`, `{"a"}`, `{"a":}`, `{"a":1,}`, `[`, `{`, `"`, `"a`, `tru`, `nul`, `x`, `{}{}`,
		`"<a>"`, `"&"`, `{"a":"\u003c<"}`, strings.Repeat("[", 100) + strings.Repeat("]", 100), "\x00\x01", `{1:2}`,
	} {
		if kept, ok := Pack([]byte("before"), []byte(text)); ok || string(kept) != "before" {
			back, err := Unpack(nil, kept[len("before"):], 1000)
			t.Errorf("%q is packed, and would come back as %q, %v", text, back, err)
		}
	}
}

func TestPack_isShort(t *testing.T) {
	sum := sha256.Sum256([]byte("x"))
	at := time.Date(2026, 11, 29, 21, 48, 21, 314722249, time.UTC)
	row, err := json.Marshal(map[string]any{
		"content": hex.EncodeToString(sum[:]), "contents": hex.EncodeToString(sum[:]), "received": at, "changed": at, "rev": 1, "score": 0.5,
		"tenant": "3f1c2b4a-5d6e-4f70-8192-a3b4c5d6e7f8", "id": "rs2jdbqcfssfpomn6o376ozzmvu", "from": "a@example.com", "sender": "a@example.com",
	})
	if err != nil {
		t.Fatal(err)
	}
	// Names a byte each: 10. Digest 33 and 2, times 9 and 2, numbers 2 and 3, GUID 17, id 18, address 15 and 2. The
	// object 2.
	if kept, ok := Pack(nil, row); !ok || len(kept) > 115 {
		t.Errorf("%d bytes are packed into %d", len(row), len(kept))
	}
}

// The list of fields is part of what is on the disk: only names behind its end may be new.
func TestFields_stayAsTheyWere(t *testing.T) {
	const first = 162
	sum := sha256.Sum256([]byte(strings.Join(fields[:first], " ")))
	if got := hex.EncodeToString(sum[:8]); got != "d1bac22a10e4155e" {
		t.Errorf("the first %d fields have the sum %s: rows on the disk would be read wrongly", first, got)
	}
	if len(fields) > math.MaxUint8-firstField {
		t.Errorf("%d fields are more than a byte can name", len(fields))
	}
	seen := map[string]bool{}
	for _, name := range fields {
		if seen[name] {
			t.Errorf("%s stands twice", name)
		}
		seen[name] = true
	}
}

func TestUnpack_refusesDamage(t *testing.T) {
	for name, kept := range map[string][]byte{
		"nothing": {}, "an unknown form": {99}, "an object without end": {formObject}, "an array without end": {formArray, formTrue},
		"an unknown field": {formObject, 0xff, formNull, formEnd}, "a text cut short": {formString, 9, 'a'},
		"a length without end": {formString, 0xff, 0xff}, "a digest cut short": {formDigest, 1}, "a text that is not there": {formAgain, 1},
		"the text that is being read": {formArray, formAgain, 0, formEnd}, "more than one value": {formNull, formNull},
		"no digits behind the point": {formDecimal, 0, 2}, "a time far away": append([]byte{formSeconds}, bytes.Repeat([]byte{0xfe}, 8)...),
		"too deep": bytes.Repeat([]byte{formArray}, 1000), "a number without end": {formInt, 0x80},
	} {
		if back, err := Unpack([]byte("x"), kept, 1000); err == nil || string(back) != "x" {
			t.Errorf("%s: %q, %v", name, back, err)
		}
	}
}

// Few bytes do not unfold to many: a text that is repeated again and again meets the limit.
func TestUnpack_isBounded(t *testing.T) {
	kept := append([]byte{formArray}, appendBytes([]byte{formString}, bytes.Repeat([]byte("a"), 1000))...)
	for range 10_000 {
		kept = append(kept, formAgain, 1)
	}
	if back, err := Unpack(nil, append(kept, formEnd), 100_000); err == nil || cap(back) > 1_000_000 {
		t.Errorf("%d bytes, %v", len(back), err)
	}
}

func FuzzPack(f *testing.F) {
	for _, text := range texts() {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		kept, ok := Pack(nil, text)
		if !ok {
			return
		}
		if back, err := Unpack(nil, kept, len(text)); err != nil || !bytes.Equal(back, text) {
			t.Errorf("%q came back as %q, %v", text, back, err)
		}
	})
}

func FuzzUnpack(f *testing.F) {
	for _, text := range texts() {
		kept, _ := Pack(nil, []byte(text))
		f.Add(kept)
	}
	f.Fuzz(func(t *testing.T, kept []byte) {
		const limit = 1 << 20
		if back, err := Unpack(nil, kept, limit); err == nil && len(back) > 2*limit+100 {
			t.Errorf("%d bytes came of %d", len(back), len(kept))
		}
	})
}
