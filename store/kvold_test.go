package store

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/store/memory"
	"clawback/store/rows"
	"clawback/verdict"
)

const oldTenant = "11111111-1111-4111-8111-111111111111"

// version3 is an engine as version 3 left it, with these values under the callers' own keys.
func version3(t *testing.T, values map[string]string) *memory.Engine {
	t.Helper()
	e := &memory.Engine{}
	s, err := New(e, Options{})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	e = e.Reopen()
	write := func(tx rows.Tx) error {
		for key, value := range values {
			if err := tx.Put(tableKV, []byte(key), []byte(value)); err != nil {
				return err
			}
		}
		return tx.Put(tableMeta, schemaKey, []byte{0, 0, 0, 3})
	}
	edit(t, e, write)
	return e
}

func TestMigrate_valuesMoveToTheirTables(t *testing.T) {
	e := version3(t, map[string]string{
		"policy/" + oldTenant + "/p1": `{"id":"p1","tenant":"` + oldTenant + `","kind":"block_sender","pattern":"eve@x","added":"2026-11-01T00:00:00Z"}`,
		"lesson/" + oldTenant + "/r1": `{"record":"r1","tenant":"` + oldTenant + `","is":"SPAM","was":"CLEAN","by":"ada","at":"2026-11-01T00:00:00Z",` +
			`"untold":"no words","tokens":["a"],"reporter":true}`,
		"submission/" + oldTenant + "/s1": `{"id":"s1","tenant":"` + oldTenant + `","claim":"junk","reporter":"ada@x","via":"soc@x",` +
			`"at":"2026-11-01T00:00:00Z","body":{},"attached":-1,"untaught":"quota","state":"open"}`,
		"address/journal@in.example":                       oldTenant + " 2026-11-01T00:00:00Z",
		"address/first@in.example":                         oldTenant, // as the first versions wrote it
		"retract/gate/" + oldTenant + "/":                  "2026-11-01T00:00:00.5Z",
		"retract/gate/" + oldTenant + "/ada/odd@x.example": "2026-11-02T00:00:00Z",
		"retract/gate/" + oldTenant + "/directory":         "rubbish",
	})
	s := openStore(t, e, Options{})
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	got := func(v any, err error) any {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
		return v
	}
	policies, err := s.Policies(t.Context(), oldTenant)
	corrections, err2 := s.Corrections(t.Context(), oldTenant)
	submissions, err3 := s.Submissions(t.Context(), oldTenant)
	addresses, err4 := s.Addresses(t.Context())
	gates, err5 := s.Gates(t.Context(), oldTenant)
	for name, pair := range map[string][2]any{
		"policies": {[]Policy{{ID: "p1", Tenant: oldTenant, Kind: "block_sender", Pattern: "eve@x", Added: at}}, got(policies, err)},
		"corrections": {[]Correction{{Record: "r1", Tenant: oldTenant, Is: verdict.Spam, Was: verdict.Clean, By: "ada", At: at,
			NotLearned: "no words", Tokens: []string{"a"}, Reporter: true}}, got(corrections, err2)},
		"submissions": {[]Submission{{ID: "s1", Tenant: oldTenant, Claim: ClaimJunk, Reporter: "ada@x", Via: "soc@x", At: at, Attached: -1,
			NotLearned: "quota", State: SubmissionOpen}}, got(submissions, err3)},
		"addresses": {[]Address{{"first@in.example", oldTenant, time.Time{}}, {"journal@in.example", oldTenant, at}}, got(addresses, err4)},
		"gates":     {[]Gate{{oldTenant, "", at.Add(time.Second / 2)}, {oldTenant, "ada/odd@x.example", at.AddDate(0, 0, 1)}}, got(gates, err5)},
	} {
		if diff := cmp.Diff(pair[0], pair[1]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	// the gate whose time nobody can read is open
	if findings, err := s.Verify(t.Context()); err != nil || len(findings) > 0 {
		t.Errorf("Verify finds %q, %v", findings, err)
	}
}

// A value that cannot be read ends the start, and leaves all as it was.
func TestMigrate_valueThatCannotBeRead(t *testing.T) {
	for _, key := range []string{"policy/x/p", "lesson/x/r", "submission/x/s"} {
		e := version3(t, map[string]string{key: `{"id":1`, "address/a@x": oldTenant})
		if _, err := New(e, Options{}); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v, want an error that names it", key, err)
		}
		tx, err := e.Begin(context.Background(), false)
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		if v, err := tx.Get(tableKV, []byte("address/a@x")); err != nil || string(v) != oldTenant {
			t.Errorf("after a migration that failed: %q, %v", v, err)
		}
	}
}

// A value of no known version stays, and is named.
func TestMigrate_unknownValueStays(t *testing.T) {
	s := openStore(t, version3(t, map[string]string{"mine": "1"}), Options{})
	if findings, err := s.Verify(t.Context()); err != nil || len(findings) != 1 ||
		!strings.Contains(findings[0], "mine") {
		t.Errorf("Verify finds %q, %v", findings, err)
	}
}

func TestVerify_seesARowUnderAnothersKey(t *testing.T) {
	e := &memory.Engine{}
	s := openStore(t, e, Options{})
	p := Policy{ID: "p1", Tenant: oldTenant}
	if err := errors.Join(s.Update(t.Context(), Change{Policies: Edit[Policy]{Put: []Policy{p}}}), s.Close()); err != nil {
		t.Fatal(err)
	}
	e = e.Reopen()
	edit(t, e, func(tx rows.Tx) error {
		row, err := tx.Get(tablePolicies, p.Key().bytes())
		return errors.Join(err, tx.Put(tablePolicies, Key{oldTenant, "p2"}.bytes(), row))
	})
	s = openStore(t, e, Options{})
	if findings, err := s.Verify(t.Context()); err != nil || len(findings) != 1 ||
		!strings.Contains(findings[0], "p2") {
		t.Errorf("Verify finds %q, %v", findings, err)
	}
}
