package e2e

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// What nobody believes can be thrown away by a person, who is named in the audit beside what it was.
func TestQuarantine_isDiscarded(t *testing.T) {
	w := start(t, contoso)
	forged := bytes.Replace(w.report("01-credential-phish.eml"), []byte("X-OriginatorOrg: contoso"),
		[]byte("X-OriginatorOrg: fabrikam"), 1)
	id := w.send(forged)
	w.quarantined(id, "X-OriginatorOrg")
	w.must("queue", "discard", "--yes", "--comment", "forged", id)
	if out := w.must("queue", "list"); strings.Contains(out, id) {
		t.Errorf("it is listed still:\n%s", out)
	}
	out := w.must("audit", "--json")
	for _, want := range []string{"queue.discard", id, "forged (subject", "sender", fmt.Sprintf("%d bytes", len(forged)), "SHA-256"} {
		if !strings.Contains(out, want) {
			t.Errorf("the audit does not say %q:\n%s", want, out)
		}
	}
}
