package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"clawback/store/memory"
	"clawback/store/rows"
	"clawback/verdict"
)

// ruledBy is a record whose forms have these verdicts, of which a first-hand one comes from Exchange itself.
func ruledBy(firstHand bool, forms ...Variant) Record {
	rec := clean(1).clean().Record
	rec.FirstHand, rec.Variants = firstHand, forms
	rec.judge()
	return rec
}

// A record comes back from its row as it went in, and from a row of version 7 as well; its verdict stands there once,
// unless no form of it has it.
func TestRecordRow_comesBack(t *testing.T) {
	form := func(d verdict.Disposition, score float64, firstHand bool) Variant {
		return Variant{SHA256: "00", FirstHand: firstHand, Verdict: verdict.Verdict{Disposition: d, Score: score,
			Reasons:    []verdict.Reason{{ID: "a", Text: "because"}},
			Indicators: []verdict.Indicator{{Kind: "url", Value: "http://a.example/"}}}}
	}
	good, bad := form(verdict.Clean, 3, true), form(verdict.Malicious, 90, true)
	other := ruledBy(true, good)
	other.Verdict.Score++
	review := form(verdict.Suspicious, 10, true)
	review.Verdict.Review = "asked"
	empty := form(verdict.Clean, 3, true)
	empty.Verdict.Reasons = nil
	for name, c := range map[string]struct {
		rec  Record
		more int // verdicts in the row beside those of the forms
	}{
		"one form":                        {ruledBy(true, good), 0},
		"the worst of two":                {ruledBy(true, good, bad), 0},
		"the first of equal ones":         {ruledBy(true, good, good), 0},
		"one that a person must look at":  {ruledBy(true, form(verdict.Suspicious, 60, true), review), 0},
		"not scored":                      {ruledBy(true, form(verdict.Unscored, 0, true)), 0},
		"a worse one that does not count": {ruledBy(true, good, form(verdict.Malicious, 99, false)), 0},
		"not first-hand":                  {ruledBy(false, good, form(verdict.Malicious, 99, false)), 0},
		"no reasons":                      {ruledBy(true, empty), 0},
		"none that counts":                {ruledBy(true, form(verdict.Malicious, 99, false)), 1},
		"no form":                         {ruledBy(true), 1},
		"of no form":                      {other, 1},
	} {
		row, err := encodeRecord(&c.rec)
		if err != nil {
			t.Fatal(err)
		}
		before, err := json.Marshal(c.rec)
		if err != nil {
			t.Fatal(err)
		}
		var want Record
		if err := json.Unmarshal(before, &want); err != nil {
			t.Fatal(err)
		}
		for version, row := range map[string][]byte{"8": row, "7": before} {
			if got, err := decodeRecord(row); err != nil || !cmp.Equal(want, got) {
				t.Errorf("%s, version %s: %v\n%s", name, version, err, cmp.Diff(want, got))
			}
		}
		if n := bytes.Count(row, []byte(`"disposition"`)); n != len(c.rec.Variants)+c.more {
			t.Errorf("%s: %d verdicts for %d forms, want %d more\n%s", name, n, len(c.rec.Variants), c.more, row)
		}
	}
	for _, row := range []string{"", "[]", `{"variants":1}`, `{"verdict":1}`,
		`{"verdict":{"disposition":"HARMLESS"}}`} {
		if rec, err := decodeRecord([]byte(row)); err == nil {
			t.Errorf("%q is read as %+v", row, rec)
		}
	}
}

// What is done with a record whose row is of version 7 is what is done with one of now, and writes it anew.
func TestRecordRow_ofVersion7(t *testing.T) {
	for name, step := range map[string]func(s *Store, rec Record) error{
		"judged again": func(s *Store, rec Record) error {
			j := Rejudgement{Record: rec, Cause: "feed",
				Verdict: verdict.Verdict{Disposition: verdict.Malicious, Score: 99}}
			got, changed, err := s.Rejudge(t.Context(), j)
			if err == nil && (!changed || got.Verdict.Disposition != verdict.Malicious) {
				err = errors.New("nothing has changed")
			}
			return err
		},
		"reported again, as a worse form": func(s *Store, _ Record) error {
			a := clean(1)
			a.Key, a.Record.Variants[0].SHA256 = "another", "01"
			a.Record.Variants[0].Verdict = verdict.Verdict{Disposition: verdict.Malicious, Score: 99}
			_, _, err := s.Apply(t.Context(), a, oneIntent)
			return err
		},
	} {
		e := &memory.Engine{}
		s := openStore(t, e, Options{})
		rec := applied(t, s, clean(1), oneIntent)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		e = e.Reopen()
		edit(t, e, func(tx rows.Tx) error {
			row, err := json.Marshal(rec)
			return errors.Join(err, tx.Put(tableRecords, []byte(rec.ID), row))
		})
		s = openStore(t, e, Options{})
		if err := step(s, rec); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		got, err := s.Record(t.Context(), rec.ID)
		if err != nil || got.Verdict.Disposition != verdict.Malicious || got.Rev != rec.Rev+1 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		if findings, err := s.Verify(t.Context()); err != nil || len(findings) > 0 {
			t.Errorf("%s: the rows do not fit together: %q, %v", name, findings, err)
		}
	}
}
