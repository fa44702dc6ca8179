package spool

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What a row says of a body is read as it is written now, and as versions before have written it, whose keys were
// letters.
func TestRef_readsWhatVersionsBeforeHaveWritten(t *testing.T) {
	want := Ref{File: "seg/20261121T19-26067f-0001", Offset: 8192, Size: 1234, CRC: 4000000000}
	for name, row := range map[string]string{
		"now":                 `{"file":"seg/20261121T19-26067f-0001","offset":8192,"size":1234,"crc32c":4000000000}`,
		"before":              `{"f":"seg/20261121T19-26067f-0001","o":8192,"n":1234,"c":4000000000}`,
		"before, other order": `{"c":4000000000,"n":1234,"o":8192,"f":"seg/20261121T19-26067f-0001"}`,
		"with keys to come":   `{"file":"seg/20261121T19-26067f-0001","offset":8192,"size":1234,"crc32c":4000000000,"form":"zst"}`,
	} {
		var got Ref
		if err := json.Unmarshal([]byte(row), &got); err != nil {
			t.Errorf("%s: %v", name, err)
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: want (-) got (+):\n%s", name, diff)
		}
	}
	if text, err := json.Marshal(want); err != nil || string(text) != `{"file":"seg/20261121T19-26067f-0001","offset":8192,"size":1234,"crc32c":4000000000}` {
		t.Errorf("written as %s, %v", text, err)
	}
}

// A body file has no offset, and one that is empty no bytes and a sum of 0: neither is taken for another form.
func TestRef_zeroValues(t *testing.T) {
	for row, want := range map[string]Ref{
		`{"f":"body/a","n":7,"c":9}`:                {File: "body/a", Size: 7, CRC: 9},
		`{"file":"body/a","size":7,"crc32c":9}`:     {File: "body/a", Size: 7, CRC: 9},
		`{"f":"","n":0,"c":0}`:                      {},
		`{"file":"body/empty","size":0,"crc32c":0}`: {File: "body/empty"},
		`{}`:   {},
		`null`: {},
	} {
		var got Ref
		if err := json.Unmarshal([]byte(row), &got); err != nil || got != want {
			t.Errorf("%s is read as %+v, %v; want %+v", row, got, err, want)
		}
	}
	for _, row := range []string{`{"f":7}`, `{"size":"7"}`, `[]`, `"seg/a"`} {
		if err := json.Unmarshal([]byte(row), &Ref{}); err == nil {
			t.Errorf("%s is read, want an error", row)
		}
	}
}
