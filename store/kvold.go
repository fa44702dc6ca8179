package store

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"clawback/store/rows"
)

// valuesInTables is version 4: what lay as values under keys of the callers' own has named tables with types. A value
// that no version has written stays where it is, and store check names it.
func valuesInTables(tx rows.Tx) error {
	t := &txn{tx: tx}
	for _, old := range []struct {
		prefix string
		move   func(t *txn, id string, value []byte) error
	}{
		{"policy/", movePolicy},
		{"lesson/", moveCorrection},
		{"submission/", moveSubmission},
		{"address/", moveAddress},
		{"retract/gate/", moveGate},
	} {
		if err := t.moveValues(old.prefix, old.move); err != nil {
			return err
		}
	}
	if err := t.failure(); err != nil {
		return err
	}
	return t.flushRows()
}

// moveValues moves the values under a prefix. move gets what stands behind it.
func (t *txn) moveValues(prefix string, move func(t *txn, id string, value []byte) error) error {
	var failed error
	t.each(tableKV, []byte(prefix), func(k, v []byte) bool {
		if failed = move(t, strings.TrimPrefix(string(k), prefix), v); failed != nil {
			failed = fmt.Errorf("move %s to its table: %w", k, failed)
			return false
		}
		t.del(tableKV, append([]byte{}, k...))
		return true
	})
	return failed
}

func movePolicy(t *txn, _ string, value []byte) error {
	var p Policy
	if err := json.Unmarshal(value, &p); err != nil {
		return err
	}
	return editTable(t, tablePolicies, Edit[Policy]{Put: []Policy{p}})
}

func moveCorrection(t *txn, _ string, value []byte) error {
	var old struct {
		Correction
		NotLearned string `json:"untold"`
	}
	if err := json.Unmarshal(value, &old); err != nil {
		return err
	}
	old.Correction.NotLearned = old.NotLearned
	return editTable(t, tableCorrections, Edit[Correction]{Put: []Correction{old.Correction}})
}

func moveSubmission(t *txn, _ string, value []byte) error {
	var old struct {
		Submission
		NotLearned string `json:"untaught"`
	}
	if err := json.Unmarshal(value, &old); err != nil {
		return err
	}
	old.Submission.NotLearned = old.NotLearned
	return editTable(t, tableSubmissions, Edit[Submission]{Put: []Submission{old.Submission}})
}

// moveAddress reads "TENANT TIME"; the first versions wrote no time.
func moveAddress(t *txn, address string, value []byte) error {
	tenant, at, _ := strings.Cut(string(value), " ")
	last, _ := time.Parse(time.RFC3339, at)
	return editTable(t, tableAddresses, Edit[Address]{Put: []Address{{address, tenant, last}}})
}

// moveGate reads "TENANT/MAILBOX" and its time. A gate whose time cannot be read is open, as it was before.
func moveGate(t *txn, id string, value []byte) error {
	tenant, mailbox, _ := strings.Cut(id, "/")
	until, err := time.Parse(time.RFC3339Nano, string(value))
	if err != nil {
		return nil
	}
	return editTable(t, tableGates, Edit[Gate]{Put: []Gate{{tenant, mailbox, until}}})
}
