package store

import (
	"encoding/json"
	"reflect"

	"clawback/verdict"
)

// recordRow is a record as its row has it. The verdict that rules is one of its variants' and stands there alone; rows
// of version 7 and before have it twice.
type recordRow struct {
	*wholeRecord
	Verdict *verdict.Verdict `json:"verdict,omitempty"` // nil: that of the variant which rules
}

type wholeRecord Record

// encodeRecord writes a record's row.
func encodeRecord(rec *Record) ([]byte, error) {
	row := recordRow{wholeRecord: (*wholeRecord)(rec)}
	if v := rec.ruling(); v == nil || !reflect.DeepEqual(v.Verdict, rec.Verdict) {
		row.Verdict = &rec.Verdict
	}
	return json.Marshal(row)
}

// decodeRecord reads a record's row.
func decodeRecord(text []byte) (rec Record, err error) {
	row := recordRow{wholeRecord: (*wholeRecord)(&rec)}
	if err := decode(tableRecords, text, &row); err != nil {
		return Record{}, err
	}
	if row.Verdict != nil {
		rec.Verdict = *row.Verdict
	} else {
		rec.judge()
	}
	return rec, nil
}
