package feed

import (
	"encoding/json"
	"io"
	"time"

	"clawback/internal/mailaddr"
)

// stixIndicator is what is read of an indicator: STIX 2.1, section 4.7. Other objects have other types.
type stixIndicator struct {
	ID          string   `json:"id"`
	Type        string   `json:"type"`
	Name        string   `json:"name"`
	Pattern     string   `json:"pattern"`
	PatternType string   `json:"pattern_type"`
	Modified    stixTime `json:"modified"`
	ValidUntil  stixTime `json:"valid_until"`
	Revoked     bool     `json:"revoked"`
	Confidence  *float64 `json:"confidence"`
}

// stixTime is a time that may be written wrongly, which is as if it were not there.
type stixTime struct{ time.Time }

func (t *stixTime) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil {
		t.Time = readDate(text)
	}
	return nil
}

// readSTIX reads the indicators of a bundle, or of the envelope that a TAXII server answers with.
func readSTIX(r io.Reader, to sink) error {
	hits, err := walk(r, func(_ []string, decode func(any) error) error {
		var i stixIndicator
		if err := decode(&i); err != nil {
			return err
		}
		return i.entries(to)
	}, "objects[]")
	if err == nil && hits == 0 {
		return refuse(Columns, "has no objects: it is no bundle of STIX 2.1")
	}
	return err
}

// entries hands on each value of the indicator's pattern.
func (i stixIndicator) entries(to sink) error {
	if i.Type != "indicator" {
		return nil
	}
	if i.PatternType != "" && !mailaddr.Equal(i.PatternType, "stix") { // STIX 2.0 has no pattern_type
		to.pass(SkipPattern)
		return nil
	}
	values, err := readPattern(i.Pattern)
	if err != nil {
		to.pass(SkipPattern)
		return nil
	}
	for _, v := range values {
		e := entry{kind: v.kind, value: v.value, detail: i.Name, confidence: -1,
			until: i.ValidUntil.Time, changed: i.Modified.Time, withdrawn: i.Revoked}
		if i.Confidence != nil && *i.Confidence >= 0 && *i.Confidence <= 100 {
			e.confidence = int(*i.Confidence)
		}
		if err := to.entry(e); err != nil {
			return err
		}
	}
	return nil
}
