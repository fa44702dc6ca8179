package certs

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const authz = `{"status":"invalid","identifier":{"type":"dns","value":"journal.example.com"},"wildcard":false,"challenges":[
	{"type":"tls-alpn-01","url":"u1","token":"t"},{"type":"dns-01","url":"u2","token":"t"},
	{"type":"http-01","url":"u3","token":"t","status":"invalid","error":{"type":"urn:ietf:params:acme:error:connection","detail":"Connection refused","status":400}}]}`

func TestFilter_offersOnlyWhatCanBeAnswered(t *testing.T) {
	for _, offered := range [][]string{{"http-01"}, {"tls-alpn-01"}, {"http-01", "tls-alpn-01"}, nil} {
		f := &filter{offered: offered}
		var got struct {
			Status     string
			Identifier struct{ Value string }
			Challenges []struct{ Type, URL string }
		}
		if err := json.Unmarshal(f.filterBody([]byte(authz)), &got); err != nil {
			t.Fatal(err)
		}
		if got.Status != "invalid" || got.Identifier.Value != "journal.example.com" ||
			len(got.Challenges) != len(offered) {
			t.Errorf("offered %q: %+v", offered, got)
		}
		err := f.explain(errors.New("no viable challenge type found"))
		if !strings.HasSuffix(err.Error(), "found; the CA says: http-01: Connection refused") {
			t.Errorf("explained as %v", err)
		}
	}
}

func TestFilter_leavesOtherAnswersAlone(t *testing.T) {
	f := &filter{offered: []string{"http-01"}}
	for _, body := range []string{"", "-----BEGIN CERTIFICATE-----", `{"newOrder":"u"}`, `[1]`, `{"challenges":[]}`, `{"challenges":"x"}`, `null`} {
		if diff := cmp.Diff(body, string(f.filterBody([]byte(body)))); diff != "" {
			t.Error(diff)
		}
	}
	plain := errors.New("plain")
	if got := f.explain(plain); got != plain {
		t.Errorf("explained as %v", got)
	}
}

func FuzzFilter(f *testing.F) {
	f.Add([]byte(authz))
	f.Add([]byte(`{"challenges":[{"type":1,"error":{}},null]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		fl := &filter{offered: []string{"http-01"}}
		out := fl.filterBody(body)
		if json.Valid(body) && !json.Valid(out) {
			t.Fatalf("%q became %q", body, out)
		}
		fl.explain(errors.New("x"))
	})
}
