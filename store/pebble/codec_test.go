package pebble

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"

	"clawback/store/packed"
)

func TestCodec_givesBackWhatItWasGiven(t *testing.T) {
	c, err := newCodec()
	if err != nil {
		t.Fatal(err)
	}
	row := []byte(`{"id":"r","tenant":"t","subject":"` + strings.Repeat("pallet ", 200) + `"}`)
	for n := range 64 { // about the size from which zstd compresses a row
		near := []byte(`{"subject":"` + noiseText(maxS2-32+n) + `"}`)
		if back, err := c.decode(c.encode([]byte("before"), near)[len("before"):]); err != nil ||
			!bytes.Equal(back, near) {
			t.Fatalf("%d bytes came back of %d, %v", len(back), len(near), err)
		}
	}
	for name, value := range map[string][]byte{
		"nothing": {}, "one byte": {1}, "short": []byte(`{"processed":1}`), "a row": row, "the dictionary": []byte(dictionary),
		"what does not compress": []byte(strings.Repeat("\x00", 10) + noise(5000)), "a large one": bytes.Repeat(row, 10_000),
	} {
		kept := c.encode(nil, value)
		back, err := c.decode(kept)
		if err != nil || !bytes.Equal(back, value) {
			t.Errorf("%s: %d bytes came back of %d, %v", name, len(back), len(value), err)
		}
		if len(kept) > len(value)+1 {
			t.Errorf("%s: %d bytes are kept of %d", name, len(kept), len(value))
		}
	}
	if kept := c.encode(nil, row); len(kept) > len(row)/5 {
		t.Errorf("a row of %d bytes is kept in %d", len(row), len(kept))
	}
}

// aRow is about what a record's row looks like.
const aRow = `{"id":"rs2jdbqcfssfpomn6o376ozzmvu","tenant":"3f1c2b4a-5d6e-4f70-8192-a3b4c5d6e7f8","message_id":"\u003cletter@contoso.example\u003e",` +
	`"content":"da2a9881b1f887c1bf57c224c19cb88b193c8aee074800f63453fc7b69282a22","received":"2026-11-29T21:47:19.586104675Z","verdict":` +
	`{"disposition":"CLEAN","score":0.7,"reasons":[{"id":"structure.internal","text":"It was written inside the organisation."}]},"rev":1}`

// What a version has written is read by all that follow: each form, and its dictionary, is what it was.
func TestCodec_readsWhatWasKept(t *testing.T) {
	c, err := newCodec()
	if err != nil {
		t.Fatal(err)
	}
	for form, kept := range map[byte]string{
		zstdJSON: "0128b52ffd4100018e0045070062cf2f1f6049f3005071a690819a698d96bc4b861f4346186859d776da15f40600205c4d53d018c8a4f2" +
			"3a2ba733a8b4f8835b7c22ed94c5fc7b654514d6218a1b60286ed6bf53225f990b997a2d438c01c5563abc5c218d0d2c19b8055a1fccdd" +
			"aebddb7a0c46a4125af11c4fecfc3b87a8f1737fb0314cdd90a9f81832f7c88fdd9b6b973c3a872178e5b0b88547a8a577520850ffde57" +
			"3cb25f8982e9217774633f0e8be9f895a8c3a5d7902362149644822e86e89a0b3d446b234c780942db1a0b00033193529628ac4391f44c" +
			"41ac2f2b1cfde218105d0c87fde2c8fc2e14f274e19898ad35",
		packedRow: "0201400d72969230c045948af731be76ffe7672cad410c3f1c2b4a5d6e4f708192a3b4c5d6e7f84309183c6c657474657240636f6e746f" +
			"736f2e6578616d706c653e450bda2a9881b1f887c1bf57c224c19cb88b193c8aee074800f63453fc7b69282a224b0ec695f4e1f2809866" +
			"55016d0905434c45414e6e07010e7502014009127374727563747572652e696e7465726e616c780927497420776173207772697474656e" +
			"20696e7369646520746865206f7267616e69736174696f6e2e0000005d060200",
		zstdPacked: "0328b52ffd010002350300e40401400d72969230c045948af731be76ffe7672cad4309183e450bda2a9881b1f887c1bf57c224c19cb88b" +
			"193c8aee074800f63453fc7b69282a224b0ec695f4e1f280986607010e0000005d06020008fcfb250e02d27d0a6ab8e626bb726d39fae0" +
			"066552",
		s2Packed: "04c4014c01400d72969230c045948af731be76ffe7672cad467400244309183c6c65747465721154114ab03e450bda2a9881b1f887c1bf57c2" +
			"24c19cb88b193c8aee074800f63453fc7b69282a224b0ec695f4e1f28098665dde0807010e3af401551921fa15001e180000005d060200",
	} {
		raw, err := hex.DecodeString(kept)
		if err != nil || raw[0] != form {
			t.Fatalf("form %d: %x, %v", form, raw[:1], err)
		}
		if back, err := c.decode(raw); err != nil || string(back) != aRow {
			t.Errorf("form %d came back as %q, %v", form, back, err)
		}
	}
}

// noiseText is text that hardly compresses.
func noiseText(n int) string { return base64.RawURLEncoding.EncodeToString([]byte(noise(n)))[:n] }

func noise(n int) string {
	var out []byte
	for state := uint32(1); len(out) < n; {
		state = state*1664525 + 1013904223
		out = append(out, byte(state>>24))
	}
	return string(out)
}

func TestCodec_refusesWhatIsNoValue(t *testing.T) {
	c, err := newCodec()
	if err != nil {
		t.Fatal(err)
	}
	whole := c.encode(nil, []byte(dictionary))
	small := []byte{zstdPacked}
	if row, ok := packed.Pack(nil, []byte(aRow)); ok {
		small = c.packer.EncodeAll(row, small)
	}
	short := c.encode(nil, []byte(aRow))
	for name, kept := range map[string][]byte{
		"nothing": {}, "an unknown form": {7, 1, 2}, "cut short": whole[:len(whole)-3], "garbage": append([]byte{zstdJSON}, "garbage"...),
		"a packed row cut short": small[:len(small)-3], "no packed row": append([]byte{zstdPacked}, "garbage"...), "no row": {packedRow},
		"a short row cut short": short[:len(short)-3], "of no bytes": {s2Packed}, "garbage of S2": append([]byte{s2Packed}, "garbage"...),
		"longer than it may be": append(binary.AppendUvarint([]byte{s2Packed}, maxS2), bytes.Repeat([]byte{0}, 2*maxS2)...),
		"longer than memory":    append(binary.AppendUvarint([]byte{s2Packed}, 1<<32-1), 0), "a copy from nowhere": {s2Packed, 4, 0x0e, 0xff, 0xff},
	} {
		if v, err := c.decode(kept); err == nil {
			t.Errorf("%s: %q", name, v)
		}
	}
}
