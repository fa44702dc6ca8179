package control

import (
	"encoding/json"
	"testing"
)

// A script that goes through a list need not know that an empty one could be null.
func TestLists_areNeverNull(t *testing.T) {
	c := serve(t, &backend{})
	for _, path := range []string{"/v1/queue", "/v1/bounces", "/v1/records", "/v1/held", "/v1/audit", "/v1/addresses", "/v1/rehearsed"} {
		var answer json.RawMessage
		if err := c.Get(t.Context(), path, &answer); err != nil {
			t.Errorf("%s: %v", path, err)
		} else if string(answer) != "[]" {
			t.Errorf("%s answers %s", path, answer)
		}
	}
}
