package feed

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/verdict"
)

const simCollection = "format = \"taxii\"\nurl = \"SERVER/root/collections/" + simID + "/\"\n"

func newTAXIIBench(t *testing.T, s *taxiiSim, lines string) *bench {
	t.Helper()
	return newBench(t, s.feed(t, simCollection+lines), smallLimits())
}

// restart is the bench of a process that starts on what another one left.
func (b *bench) restart(t *testing.T) {
	t.Helper()
	k, err := openKept(b.kept.dir, b.kept.name)
	if err != nil {
		t.Fatal(err)
	}
	b.kept = k
}

func TestTAXII_findsTheCollection(t *testing.T) {
	for name, c := range map[string]struct {
		lines, collection string
		want              Code
		says              string
	}{
		"its url":                  {lines: "url = \"SERVER/root/collections/" + simID + "/\""},
		"its url without a slash":  {lines: "url = \"SERVER/root/collections/" + simID + "\""},
		"its objects":              {lines: "url = \"SERVER/root/collections/" + simID + "/objects\""},
		"the API root and an id":   {lines: "url = \"SERVER/root/\"\ncollection = \"" + simID + "\""},
		"the discovery, an alias":  {lines: "url = \"SERVER/taxii2/\"\ncollection = \"phish-urls\""},
		"the discovery, a title":   {lines: "url = \"SERVER/taxii2\"\ncollection = \"phish\""},
		"a name that is not there": {lines: "url = \"SERVER/taxii2\"\ncollection = \"x\"", want: Away, says: "Phish (" + simID + ")"},
		"a name of two": {lines: "url = \"SERVER/root/\"\ncollection = \"another\"",
			collection: `},{"id":"x","title":"Another"`, want: Away, says: "write the id"},
		"one that may not be read": {lines: "url = \"SERVER/root/\"\ncollection = \"phish\"", collection: `,"can_read":false`, want: Denied},
		"no server of TAXII":       {lines: "url = \"SERVER/web/\"\ncollection = \"phish\"", want: Away, says: "is not found"},
	} {
		s := newTAXII(t, simURLs(0, 25)...)
		s.collection = c.collection
		b := newBench(t, s.feed(t, "format = \"taxii\"\n"+c.lines), smallLimits())
		r, err := b.on(t, 2)
		if codeOf(err) != c.want || c.want == "" && (err != nil || r.Added != 25) {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
		if err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

func TestTAXII_sendsTheKey(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/key", []byte("user:pass"), 0o600); err != nil {
		t.Fatal(err)
	}
	for auth, want := range map[string]string{"basic": "Basic dXNlcjpwYXNz", "bearer": "Bearer user:pass", "header": "user:pass"} {
		header := "Authorization"
		if auth == "header" {
			header = "X-Key"
		}
		s := newTAXII(t, simURLs(0, 3)...)
		s.before = func(w http.ResponseWriter, r *http.Request) bool {
			if r.Header.Get(header) == want {
				return false
			}
			s.refuse(w, http.StatusUnauthorized, "No key user:pass")
			return true
		}
		lines := fmt.Sprintf("auth = %q\nauth_header = \"X-Key\"\nkey_file = %q", auth, dir+"/key")
		if r, err := newTAXIIBench(t, s, lines).on(t, 2); err != nil || r.Added != 3 {
			t.Errorf("%s: %+v, %v", auth, r, err)
		}
		want = "another"
		_, err := newTAXIIBench(t, s, lines).on(t, 2)
		if codeOf(err) != Denied || strings.Contains(err.Error(), "pass") || !strings.Contains(err.Error(), "No key") {
			t.Errorf("%s: %v", auth, err)
		}
	}
}

// Whatever a server is like, all of its indicators come, each once; then what is new, and it is not asked for ever.
func TestTAXII_serversOfAllKinds(t *testing.T) {
	for name, c := range map[string]struct {
		odd     func(*taxiiSim)
		objects []simObject // nil: 95 in the order of their dates
		most    int         // requests of the first look
		again   int         // and of one that brings nothing
	}{
		"as the standard says":             {most: 10, again: 1},
		"one page":                         {odd: func(s *taxiiSim) { s.page = 1000 }, most: 1, again: 1},
		"cursors that are numbers":         {odd: func(s *taxiiSim) { s.numbers = true }, most: 10, again: 1},
		"dates taken inclusively":          {odd: func(s *taxiiSim) { s.inclusive = true }, most: 10, again: 1},
		"more without next":                {odd: func(s *taxiiSim) { s.byDate = true }, most: 12, again: 1},
		"more without next, inclusively":   {odd: func(s *taxiiSim) { s.byDate, s.inclusive = true, true }, most: 12, again: 1},
		"more without next for ever":       {odd: func(s *taxiiSim) { s.byDate, s.inclusive, s.moreForEver = true, true, true }, most: 14, again: 4},
		"no dates":                         {odd: func(s *taxiiSim) { s.noDates = true }, most: 10, again: 10},
		"more for ever":                    {odd: func(s *taxiiSim) { s.moreForEver = true }, most: 11, again: 2},
		"filters that come after the page": {odd: func(s *taxiiSim) { s.filtersLate = true }, objects: mixed(), most: 50, again: 20},
		"no filters":                       {odd: func(s *taxiiSim) { s.ignoresMatch = true }, objects: mixed(), most: 50, again: 20},
		"plain JSON":                       {odd: func(s *taxiiSim) { s.contentType = "application/json" }, most: 10, again: 1},
		"blanks in the type":               {odd: func(s *taxiiSim) { s.contentType = `application/taxii+json; version="2.1"; charset=utf-8` }, most: 10, again: 1},
		"one date for all":                 {objects: sameDate(95), most: 10, again: 10},
		"one date for a page, by date":     {odd: func(s *taxiiSim) { s.byDate, s.page = true, 30 }, objects: sameDate(29), most: 3, again: 1},
	} {
		objects := c.objects
		if objects == nil {
			objects = simURLs(0, 95)
		}
		s := newTAXII(t, objects...)
		if c.odd != nil {
			c.odd(s)
		}
		b := newTAXIIBench(t, s, "")
		want := 0
		for _, o := range objects {
			if o.kind == "indicator" {
				want++
			}
		}
		r, err := b.on(t, 2)
		if err != nil || r.Added != want || len(s.asked) > c.most {
			t.Errorf("%s: %+v after %d requests, %v; want %d", name, r, len(s.asked), err, want)
		}
		s.asked = nil
		b.restart(t)
		if r, err = b.on(t, 3); err != nil || len(b.told) > 0 || len(s.asked) > c.again {
			t.Errorf("%s: nothing new: %+v after %d requests, %v", name, r, len(s.asked), err)
		}
		s.objects = append(s.objects, simURLs(5000, 5015)...)
		if r, err = b.on(t, 4); err != nil || r.Added != 15 || r.Counts.Living != want+15 {
			t.Errorf("%s: what was added: %+v, %v", name, r, err)
		}
	}
}

// mixed has an indicator among each 20 objects.
func mixed() []simObject {
	all := simURLs(0, 400)
	for i := range all {
		if i%20 != 7 {
			all[i].kind = "malware"
		}
	}
	return all
}

func sameDate(n int) []simObject {
	all := simURLs(0, n)
	for i := range all {
		all[i].added = simDay
	}
	return all
}

// A look that breaks off goes on behind its last whole page, by the same process or the next.
func TestTAXII_goesOnWhereItStopped(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		lose   func(*taxiiSim)
		most   int
	}{
		"the server is busy":         {status: http.StatusServiceUnavailable, most: 10},
		"the server slows us down":   {status: http.StatusTooManyRequests, most: 10},
		"the answer is cut off":      {status: http.StatusOK, most: 10},
		"the cursor became stale":    {status: http.StatusBadGateway, lose: func(s *taxiiSim) { s.forgets = true }, most: 30},
		"more without next, and 500": {status: http.StatusInternalServerError, lose: func(s *taxiiSim) { s.byDate = true }, most: 20},
	} {
		s := newTAXII(t, simURLs(0, 95)...)
		if c.lose != nil && c.status == http.StatusInternalServerError {
			c.lose(s)
		}
		answers := 0
		s.before = func(w http.ResponseWriter, r *http.Request) bool {
			if answers++; answers%4 != 0 {
				return false
			}
			w.Header().Set("Retry-After", "77")
			w.WriteHeader(c.status)
			fmt.Fprint(w, `{"objects":[`+simURL(70).json())
			return true
		}
		b := newTAXIIBench(t, s, "")
		var r Result
		var err error
		for tries := 0; tries < 8 && (err != nil || tries == 0); tries++ {
			b.restart(t)
			if r, err = b.on(t, 2); err != nil && len(b.told) > 0 {
				t.Errorf("%s: told %d before the end: %v", name, len(b.told), err)
			}
			if err != nil && c.lose != nil && tries == 0 {
				s.forgets = c.status == http.StatusBadGateway
				answers = -1000
				if s.forgets {
					s.before = func(http.ResponseWriter, *http.Request) bool {
						s.forgets = len(s.asked) == 3
						return false
					}
				}
			}
			refusal, _ := err.(*Refusal)
			if c.status >= 429 && c.status < 504 && err != nil && (refusal == nil || refusal.wait != 77*time.Second) {
				t.Errorf("%s: %v, and Retry-After is not heeded", name, err)
			}
		}
		if err != nil || r.Added != 95 || len(s.asked) > c.most {
			t.Errorf("%s: %+v after %d requests, %v", name, r, len(s.asked), err)
		}
	}
}

// A run for what is new whose cursor became stale begins again from its date: what the run before had, and gave up, is
// new all the same.
func TestTAXII_aStaleCursorInARunForWhatIsNew(t *testing.T) {
	for pages := 1; pages < 5; pages++ {
		s := newTAXII(t, simURLs(0, 20)...)
		b := newTAXIIBench(t, s, "")
		if _, err := b.on(t, 2); err != nil {
			t.Fatal(err)
		}
		s.objects = append(s.objects, simURLs(100, 145)...)
		s.asked, s.before = nil, func(w http.ResponseWriter, _ *http.Request) bool {
			if len(s.asked) == pages {
				w.WriteHeader(http.StatusBadGateway)
			}
			return len(s.asked) == pages
		}
		if _, err := b.on(t, 3); codeOf(err) != Away || len(b.told) > 0 {
			t.Fatal(err)
		}
		s.before, s.given, s.objects = nil, map[string]bool{}, s.objects[:19+10*pages] // what the page before had is all
		b.restart(t)
		if r, err := b.on(t, 4); err != nil || r.Added != len(s.objects)-20 {
			t.Errorf("after %d pages: %+v, %v", pages, r, err)
		}
	}
}

// What of a page was written when the process ended is no part of the list, and is not read twice.
func TestTAXII_aPageThatWasCutByACrash(t *testing.T) {
	s := newTAXII(t, simURLs(0, 30)...)
	b := newTAXIIBench(t, s, "")
	b.limits.pages = 1
	b.source = mustSource(t, b)
	if _, more, err := b.poll(t.Context()); err != nil || !more {
		t.Fatal(more, err)
	}
	f, err := os.OpenFile(b.kept.file(".objects")+"/run", os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(f, "o\tindicator--half")
	f.Close()
	b.restart(t)
	for range 2 {
		if _, _, err := b.poll(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(b.told) != 30 || len(s.asked) != 3 {
		t.Errorf("told %d after %d requests", len(b.told), len(s.asked))
	}
	// And what was lost of a file that was not written through is had anew.
	for _, file := range []string{"objects", "run", "state.json"} {
		if err := os.WriteFile(b.kept.file(".objects")+"/"+file, []byte("\x00\x00"), 0o600); err != nil {
			t.Fatal(err)
		}
		s.objects = append(s.objects, simURLs(100+len(s.objects), 101+len(s.objects))...)
		b.limits.pages = 100
		for range 2 {
			b.poll(t.Context())
		}
		if got := b.kept.about.Counts.Living; got != len(s.objects) {
			t.Errorf("%s was damaged: %d living, want %d", file, got, len(s.objects))
		}
	}
}

func mustSource(t *testing.T, b *bench) source {
	t.Helper()
	s, err := newSource(b.feed, b.limits)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The newest version of an object counts: what is revoked ends, and what was deleted ends when the whole is read again.
func TestTAXII_whatEnds(t *testing.T) {
	s := newTAXII(t, simURLs(0, 40)...)
	b := newTAXIIBench(t, s, "full_read = \"3d\"")
	if _, err := b.on(t, 2); err != nil {
		t.Fatal(err)
	}
	revoked, changed, older := simURL(3), simURL(4), simURL(5)
	late := simDay.Add(50 * time.Hour)
	revoked.revoked, revoked.modified, revoked.added = true, late, late
	changed.value, changed.modified, changed.added = "http://other.example/", late, late
	older.value, older.modified, older.added = "http://older.example/", simDay.Add(-time.Hour), simDay.Add(50*time.Hour)
	s.objects = append(s.objects[1:], revoked, changed) // and 0 is deleted
	r, err := b.on(t, 4)
	want := ledger{"url http://h3.example/x": "withdrawn", "url http://h4.example/x": "withdrawn", "url http://other.example/": "MALICIOUS"}
	if diff := cmp.Diff(want, b.told); diff != "" || err != nil {
		t.Errorf("%+v, %v: %s", r, err, diff)
	}
	s.objects = append([]simObject{}, append(s.objects, older)...)
	s.objects = deleteObject(s.objects, simURL(5).id, older)
	if r, err = b.on(t, 4); err != nil || len(b.told) > 0 {
		t.Errorf("an older version: %+v, %v, told %v", r, err, b.told)
	}
	s.asked = nil
	r, err = b.on(t, 6)
	want = ledger{"url http://h0.example/x": "withdrawn", "url http://h5.example/x": "withdrawn", "url http://older.example/": "MALICIOUS"}
	if diff := cmp.Diff(want, b.told); diff != "" || err != nil || s.asked[0].Has("added_after") {
		t.Errorf("the whole again: %+v, %v: %s", r, err, diff)
	}
}

// deleteObject leaves one version of an object.
func deleteObject(all []simObject, id string, but simObject) (left []simObject) {
	for _, o := range all {
		if o.id != id || o == but {
			left = append(left, o)
		}
	}
	return left
}

// A collection that lost too much is not believed, and neither is what was read of it; a person's word lets it pass.
func TestTAXII_oneThatIsNotBelieved(t *testing.T) {
	s := newTAXII(t, simURLs(0, 40)...)
	b := newTAXIIBench(t, s, "full_read = \"1d\"")
	if _, err := b.on(t, 2); err != nil {
		t.Fatal(err)
	}
	s.objects = s.objects[30:]
	for day := 4; day < 6; day++ {
		if r, err := b.on(t, day); codeOf(err) != Shrank || len(b.told) > 0 {
			t.Errorf("day %d: %+v, %v, told %v", day, r, err, b.told)
		}
	}
	b.accept = true
	if r, err := b.on(t, 6); err != nil || r.Withdrawn != 30 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestTAXII_answersThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		status            int
		contentType, body string
		want              Code
		says              string
	}{
		"an error of the standard": {404, "application/taxii+json;version=2.1", `{"title":"Not there","description":"d","http_status":"404"}`, Away, "answers 404 Not Found: Not there d"},
		"another version":          {200, "application/vnd.oasis.taxii+json; version=2.0", `{"objects":[]}`, Format, "TAXII 2.1"},
		"a web page":               {200, "text/html", "<html>", HTML, ""},
		"no JSON":                  {200, "application/taxii+json;version=2.1", "objects", Format, ""},
		"cut off":                  {200, "", `{"more":true,"objects":[`, Format, ""},
		"more, and not how":        {200, "", `{"more":true,"objects":[]}`, Format, "neither next nor a date"},
		"a long cursor":            {200, "", `{"more":true,"next":"` + strings.Repeat("x", 5000) + `"}`, Format, "cursor"},
		"an error that is no JSON": {500, "text/html", "<html>oops", Away, "answers 500 Internal Server Error"},
		"not acceptable":           {406, "", `{"title":"version"}`, Away, "406"},
		"nothing":                  {200, "", `{}`, Empty, ""},
		"an object that is longer than any may be": {200, "", `{"objects":[{"type":"indicator","pattern":"` + strings.Repeat("x", 2<<20) + `"}]}`, TooLarge, ""},
	} {
		s := newTAXII(t)
		s.before = func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Type", c.contentType)
			w.WriteHeader(c.status)
			fmt.Fprint(w, c.body)
			return true
		}
		b := newTAXIIBench(t, s, "")
		if _, err := b.on(t, 2); codeOf(err) != c.want || err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
		s.before, s.objects = nil, simURLs(0, 3)
		if r, err := b.on(t, 3); err != nil || r.Added != 3 {
			t.Errorf("%s: mended, and still %+v, %v", name, r, err)
		}
	}
}

// Objects that are odd are counted, or read as far as they can be, and keep no others out.
func TestTAXII_objectsThatAreOdd(t *testing.T) {
	odd := simURLs(0, 8)
	odd[1].more = `,"valid_until":"never","confidence":"high"`
	odd[2].more = `,"pattern_type":"sigma"`
	odd[3].id = "a\tb\nc"
	odd[4].id = strings.Repeat("x", 500)
	odd[5].more = `,"valid_until":"2020-01-01T00:00:00Z"`
	odd[6].value = "http://h6.example/" + strings.Repeat("y", 70_000)
	odd[7].more = `,"name":"` + strings.Repeat("n", 5000) + `"`
	s := newTAXII(t, odd...)
	r, err := newTAXIIBench(t, s, "").on(t, 2)
	if err != nil || r.Added != 5 {
		t.Errorf("%+v, %v", r, err)
	}
	if diff := cmp.Diff(map[Skip]int{SkipPattern: 2, SkipOutlived: 1}, r.Counts.Skipped); diff != "" {
		t.Error(diff)
	}
}

func TestTAXII_aRecordKeepsWhatIsReadOfAnObject(t *testing.T) {
	sure := 80.0
	at := time.Date(2026, 11, 2, 3, 4, 5, 678_901_000, time.UTC)
	i := stixIndicator{ID: "indicator--x", Type: "indicator", Name: "a b", Pattern: "[url:value = 'http://a.example/<&>\t']",
		PatternType: "stix", Modified: stixTime{at}, ValidUntil: stixTime{at.Add(time.Hour)}, Revoked: true, Confidence: &sure}
	var r record
	if err := r.parse(i.line()); err != nil || r.value != i.ID || r.disposition != verdict.Malicious {
		t.Fatalf("%+v, %v", r, err)
	}
	var m merged
	s := newSorter(t.TempDir())
	defer s.close()
	if err := s.add(&r); err != nil {
		t.Fatal(err)
	}
	sorted, err := s.sorted()
	if err != nil {
		t.Fatal(err)
	}
	m = *sorted
	to := &entries{}
	if err := m.objects(to, &strings.Builder{}); err != nil || len(to.all) != 1 {
		t.Fatalf("%+v, %v", to, err)
	}
	want := entry{kind: "url", value: "http://a.example/<&>\t", detail: "a b", confidence: 80, until: at.Add(time.Hour), changed: at, withdrawn: true}
	if to.all[0] != want {
		t.Errorf("%+v, want %+v", to.all[0], want)
	}
}

// entries is a sink that collects.
type entries struct{ all []entry }

func (e *entries) entry(one entry) error { e.all = append(e.all, one); return nil }
func (e *entries) pass(Skip)             {}
