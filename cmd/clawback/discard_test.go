package main

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"clawback/api"
	"clawback/api/client"
	"clawback/queue"
)

// Where nobody can be asked, nothing is discarded without --yes; the comment goes with the order.
func TestQueueDiscard_asksFirst(t *testing.T) {
	for _, test := range []struct {
		name string
		yes  bool
		want string
	}{
		{"not a terminal", false, "clawback queue export ID FILE"},
		{"yes", true, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "s")
			ln, err := net.Listen("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			var got []api.ItemOrder
			mux := http.NewServeMux()
			mux.HandleFunc("GET /v1/queue/i1", func(w http.ResponseWriter, _ *http.Request) {
				json.NewEncoder(w).Encode(api.Item{ID: "i1", State: queue.Quarantined, Reason: "not attributed"})
			})
			mux.HandleFunc("POST /v1/queue/i1/discard", func(w http.ResponseWriter, r *http.Request) {
				var o api.ItemOrder
				json.NewDecoder(r.Body).Decode(&o)
				got = append(got, o)
				json.NewEncoder(w).Encode(api.Act{Object: "i1", Comment: o.Comment})
			})
			server := &http.Server{Handler: mux}
			go server.Serve(ln)
			defer server.Close()
			var out, said bytes.Buffer
			a := &app{ctx: t.Context(), in: strings.NewReader(""), out: &out, errOut: &said, client: client.New(path)}
			err = queueDiscardCmd{IDs: []string{"i1"}, Comment: "forged", Yes: test.yes}.Run(a)
			if (err == nil) != test.yes || len(got) == 1 != test.yes || !strings.Contains(said.String(), test.want) {
				t.Fatalf("Run = %v, orders %+v, said %q", err, got, said.String())
			}
			if test.yes && (got[0].Comment != "forged" || !strings.Contains(out.String(), "i1 is discarded: forged")) {
				t.Errorf("ordered %+v, printed %q", got[0], out.String())
			}
		})
	}
}

// -y has a ceiling: many items are discarded with their number alone.
func TestQueueDiscard_manyNeedTheirNumber(t *testing.T) {
	for name, c := range map[string]struct {
		command queueDiscardCmd
		count   int
		done    bool
	}{
		"-y":                   {queueDiscardCmd{Yes: true}, 1000, true},
		"-y, one more":         {queueDiscardCmd{Yes: true}, 1001, false},
		"number":               {queueDiscardCmd{YesDelete: 1001}, 1001, true},
		"number and -y":        {queueDiscardCmd{Yes: true, YesDelete: 1001}, 1001, true},
		"number too small":     {queueDiscardCmd{YesDelete: 1000}, 1001, false},
		"-y, number too small": {queueDiscardCmd{Yes: true, YesDelete: 2}, 3, false},
		"nothing":              {queueDiscardCmd{}, 3, false},
	} {
		var said bytes.Buffer
		a := &app{ctx: t.Context(), in: strings.NewReader("1001\n"), out: &said, errOut: &said}
		if err := c.command.confirm(a, api.DiscardPreview{Count: c.count}); (err == nil) != c.done {
			t.Errorf("%s, %d items: %v\n%s", name, c.count, err, said.String())
		}
	}
}
