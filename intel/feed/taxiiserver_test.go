package feed

import (
	"cmp"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// taxiiSim is a server of TAXII 2.1 with one collection. By default it does what the standard says and no more; what
// odd servers do is set.
type taxiiSim struct {
	*server
	objects []simObject // in any order
	page    int         // objects of a page at most

	byDate       bool // more without next
	inclusive    bool // added_after takes the date itself too
	noDates      bool // no X-TAXII-Date-Added headers
	filtersLate  bool // match applies to the page, which may become empty
	ignoresMatch bool
	moreForEver  bool   // more is true on the last page too, with the same cursor
	contentType  string // "": the standard's
	forgets      bool   // all cursors that it gave
	numbers      bool   // cursors are numbers
	collection   string // more of its description, as JSON

	before func(w http.ResponseWriter, r *http.Request) bool // answers in place of the server
	given  map[string]bool                                   // cursors that are known
	asked  []url.Values                                      // requests for objects that it answered
	faults []string                                          // against the standard
}

// simObject is one version of an object.
type simObject struct {
	id, kind, value string
	modified, added time.Time
	revoked         bool
	more            string // further keys, with a comma before each
}

const simID = "91a7b528-80eb-42ed-a74d-c6fbd5a26116"

var simDay = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func newTAXII(t *testing.T, objects ...simObject) *taxiiSim {
	s := &taxiiSim{objects: objects, page: 10, given: map[string]bool{}}
	s.server = newServer(t, s.serve)
	t.Cleanup(func() {
		for _, f := range s.faults {
			t.Errorf("the client %s", f)
		}
	})
	return s
}

// simURL is the object number n, with the date added of its number in minutes.
func simURL(n int) simObject {
	at := simDay.Add(time.Duration(n) * time.Minute)
	return simObject{id: fmt.Sprintf("indicator--00000000-0000-4000-8000-%012d", n), kind: "indicator",
		value: fmt.Sprintf("http://h%d.example/x", n), modified: at, added: at}
}

func simURLs(from, to int) (all []simObject) {
	for n := from; n < to; n++ {
		all = append(all, simURL(n))
	}
	return all
}

func (o simObject) json() string {
	return fmt.Sprintf(`{"type":%q,"id":%q,"spec_version":"2.1","pattern":"[url:value = '%s']","pattern_type":"stix","modified":%q,"revoked":%t%s}`,
		o.kind, o.id, o.value, o.modified.Format(time.RFC3339Nano), o.revoked, o.more)
}

func (s *taxiiSim) fault(format string, args ...any) {
	s.faults = append(s.faults, fmt.Sprintf(format, args...))
}

func (s *taxiiSim) serve(w http.ResponseWriter, r *http.Request) {
	if s.before != nil && s.before(w, r) {
		return
	}
	if r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, "/") {
		s.fault("asks %s %s", r.Method, r.URL.Path)
	}
	if got := r.Header.Get("Accept"); got != "application/taxii+json;version=2.1" {
		s.refuse(w, http.StatusNotAcceptable, "The media type provided in the Accept header is invalid")
		return
	}
	w.Header().Set("Content-Type", cmp.Or(s.contentType, "application/taxii+json;version=2.1"))
	switch r.URL.Path {
	case "/taxii2/":
		fmt.Fprintf(w, `{"title":"x","default":"%s/root/","api_roots":["https://elsewhere.example/other/","%s/root/","/empty/"]}`, s.URL, s.URL)
	case "/root/", "/empty/":
		fmt.Fprint(w, `{"title":"x","versions":["application/taxii+json;version=2.1"],"max_content_length":1000}`)
	case "/empty/collections/":
		fmt.Fprint(w, `{}`)
	case "/root/collections/":
		fmt.Fprintf(w, `{"collections":[{"id":"00000000-1111-4222-8333-444444444444","title":"another","can_read":true},`+
			`{"id":%q,"title":"Phish","alias":"phish-urls"%s}]}`, simID, cmp.Or(s.collection, `,"can_read":true`))
	case "/root/collections/" + simID + "/objects/":
		s.serveObjects(w, r.URL.Query())
	default:
		s.refuse(w, http.StatusNotFound, "The API Root or Collection is not found")
	}
}

// refuse answers with the error of the standard.
func (s *taxiiSim) refuse(w http.ResponseWriter, status int, title string) {
	w.Header().Set("Content-Type", "application/taxii+json;version=2.1")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"title":%q,"http_status":"%d"}`, title, status)
}

func (s *taxiiSim) serveObjects(w http.ResponseWriter, q url.Values) {
	s.asked = append(s.asked, q)
	if limit, err := strconv.Atoi(q.Get("limit")); q.Has("limit") && (err != nil || limit <= 0) {
		s.refuse(w, http.StatusBadRequest, "limit")
		return
	}
	start, ok := s.start(q)
	if !ok {
		s.refuse(w, http.StatusBadRequest, "The server did not understand the request: next")
		return
	}
	all := s.matching(q, !s.filtersLate && !s.ignoresMatch)
	start = min(start, len(all))
	page := all[start:min(start+s.page, len(all))]
	envelope := map[string]any{}
	if end := start + len(page); end < len(all) || s.moreForEver {
		envelope["more"] = true
		if !s.byDate {
			envelope["next"] = s.cursor(q, end)
		}
	}
	if len(page) > 0 && !s.noDates {
		w.Header().Set("X-TAXII-Date-Added-First", page[0].added.Format(taxiiDate))
		w.Header().Set("X-TAXII-Date-Added-Last", page[len(page)-1].added.Format(taxiiDate))
	}
	var objects []json.RawMessage
	for _, o := range page {
		if s.ignoresMatch || q.Get("match[type]") == "" || q.Get("match[type]") == o.kind {
			objects = append(objects, json.RawMessage(o.json()))
		}
	}
	if len(objects) > 0 {
		envelope["objects"] = objects
	}
	json.NewEncoder(w).Encode(envelope)
}

// matching are the newest versions of the objects that were added after a date.
func (s *taxiiSim) matching(q url.Values, filter bool) (all []simObject) {
	after, _ := time.Parse(time.RFC3339Nano, q.Get("added_after"))
	newest := map[string]simObject{}
	for _, o := range s.objects {
		if had, known := newest[o.id]; !known || had.modified.Before(o.modified) {
			newest[o.id] = o
		}
	}
	for _, o := range newest {
		late := o.added.After(after) || s.inclusive && o.added.Equal(after)
		if late && (!filter || q.Get("match[type]") == o.kind) {
			all = append(all, o)
		}
	}
	slices.SortFunc(all, func(a, b simObject) int { return cmp.Or(a.added.Compare(b.added), cmp.Compare(a.id, b.id)) })
	return all
}

// cursor is one for a place, which goes with the other parameters of its request alone.
func (s *taxiiSim) cursor(q url.Values, at int) any {
	plain := url.Values{}
	for k, v := range q {
		if k != "next" {
			plain[k] = v
		}
	}
	h := fnv.New32a()
	fmt.Fprint(h, plain.Encode())
	token := fmt.Sprintf("%d0%010d", at, h.Sum32())
	s.given[token] = true
	if s.numbers {
		return json.RawMessage(token)
	}
	return token
}

// start is where a request's page begins. A cursor with other parameters than it was given for is a fault of the
// client's: some servers lose objects by it.
func (s *taxiiSim) start(q url.Values) (int, bool) {
	token := q.Get("next")
	if token == "" {
		return 0, true
	}
	if s.forgets || !s.given[token] {
		return 0, false
	}
	at, _ := strconv.Atoi(token[:len(token)-11])
	if fmt.Sprint(s.cursor(q, at)) != token && !s.numbers {
		s.fault("sends a cursor with %s", q.Encode())
	}
	return at, true
}
