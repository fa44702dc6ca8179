package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/verdict"
)

// list is a source whose text a test sets.
type list struct {
	text string
	err  error
}

func (l *list) get(context.Context, string, validators) (answer, error) {
	if l.err != nil {
		return answer{}, l.err
	}
	return answer{body: io.NopCloser(strings.NewReader(l.text))}, nil
}

// urls is a list of addresses with the numbers from a up to b, without b.
func urls(a, b int) string {
	var out strings.Builder
	for i := a; i < b; i++ {
		fmt.Fprintf(&out, "http://h%d.example/\n", i)
	}
	return out.String()
}

// newListBench looks at a list, day after day.
func newListBench(t *testing.T, lines string) (*bench, *list) {
	t.Helper()
	b := newBench(t, feedOf(t, "url = \"https://x.example/\"\nkind = \"url\"\n"+lines), defaultLimits())
	l := &list{}
	b.source = l
	return b, l
}

// on looks at the list on a day of November, and answers what was told.
func (b *bench) on(t *testing.T, day int) (Result, error) {
	t.Helper()
	b.now = time.Date(2026, 11, day, 0, 0, 0, 0, time.UTC)
	clear(b.told)
	r, _, err := b.poll(t.Context())
	return r, err
}

// states counts what was told, by what it became.
func (l ledger) states() map[string]int {
	n := map[string]int{}
	for _, what := range l {
		n[what]++
	}
	return n
}

func TestLook_whatLeavesACompleteListIsWithdrawn(t *testing.T) {
	b, l := newListBench(t, "lifetime = \"10d\"")
	for _, step := range []struct {
		day      int
		from, to int
		want     map[string]int
	}{
		{1, 0, 100, map[string]int{"MALICIOUS": 100}},
		{2, 0, 100, map[string]int{}},
		{3, 10, 110, map[string]int{"MALICIOUS": 10, "withdrawn": 10}},
		{4, 10, 110, map[string]int{}},
		{5, 0, 110, map[string]int{"MALICIOUS": 10}},
		{20, 0, 110, map[string]int{}}, // what is listed lives
	} {
		l.text = urls(step.from, step.to)
		if _, err := b.on(t, step.day); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(step.want, b.told.states()); diff != "" {
			t.Errorf("day %d: %s", step.day, diff)
		}
	}
}

// A list that has the newest entries alone says nothing of those that left it: they live to the end of their time,
// and expire.
func TestLook_whatLeavesAWindowLivesOnAndExpires(t *testing.T) {
	b, l := newListBench(t, "lifetime = \"10d\"\ncomplete = false")
	for _, step := range []struct {
		day      int
		from, to int
		want     map[string]int
		living   int
	}{
		{1, 0, 100, map[string]int{"MALICIOUS": 100}, 100},
		{2, 20, 120, map[string]int{"MALICIOUS": 20}, 120},
		{11, 20, 120, map[string]int{}, 120},
		{12, 20, 120, map[string]int{"expired": 20}, 100},
		{13, 0, 100, map[string]int{"MALICIOUS": 20}, 120}, // it came back, and 100 to 119 left
		{14, 20, 120, map[string]int{}, 120},
		{15, 20, 120, map[string]int{}, 120},
	} {
		l.text = urls(step.from, step.to)
		r, err := b.on(t, step.day)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(step.want, b.told.states()); diff != "" || r.Counts.Living != step.living {
			t.Errorf("day %d: %d living, want %d; %s", step.day, r.Counts.Living, step.living, diff)
		}
	}
}

func TestLook_datesAndEndsOfThePublisher(t *testing.T) {
	b, l := newListBench(t, "lifetime = \"10d\"\nformat = \"csv\"\ncolumns = { value = \"u\", date = \"d\" }")
	l.text = "u,d\nhttp://old.example/,2026-10-01\nhttp://new.example/,2026-11-01 12:00:00\nhttp://ever.example/,\n"
	r, err := b.on(t, 2)
	if err != nil || len(b.told) != 2 || b.told["url http://old.example/"] != "" {
		t.Fatalf("%+v, %v, told %v", r, err, b.told)
	}
	if r, err = b.on(t, 12); err != nil || r.Expired != 1 || r.Withdrawn != 0 ||
		b.told["url http://new.example/"] != "expired" {
		t.Errorf("%+v, %v, told %v", r, err, b.told)
	}
	if r, err = b.on(t, 13); err != nil || len(b.told) != 0 {
		t.Errorf("what expired is told again: %v, %v", b.told, err)
	}
}

func TestLook_changesOfALengthThatCannotBe(t *testing.T) {
	for _, c := range []struct {
		name, lines, before, after string
		want                       Code
	}{
		{"half is gone", "", urls(0, 100), urls(50, 100), ""},
		{"more than half is gone", "", urls(0, 100), urls(51, 100), Shrank},
		{"as long, but another list", "", urls(0, 100), urls(1000, 1100), Shrank},
		{"a window that moved on", "complete = false", urls(0, 100), urls(1000, 1100), ""},
		{"a window that shrank", "complete = false", urls(0, 100), urls(0, 49), Shrank},
		{"ten times as long", "", urls(0, 100), urls(0, 1000), ""},
		{"longer than that", "", urls(0, 100), urls(0, 1001), Grew},
		{"short lists change", "", urls(0, 19), urls(100, 119), ""},
		{"empty", "", urls(0, 3), "# none\n", Empty},
		{"empty at first", "", "", "", Empty},
		{"a little allowed", "max_shrink_percent = 10\nmax_growth = 2", urls(0, 100), urls(0, 89), Shrank},
		{"all allowed", "max_shrink_percent = \"off\"\nmax_growth = \"off\"", urls(0, 100), urls(5000, 9000), ""},
		{"all allowed, empty", "max_shrink_percent = \"off\"", urls(0, 100), "", ""},
	} {
		b, l := newListBench(t, c.lines)
		if l.text = c.before; c.before != "" {
			if _, err := b.on(t, 1); err != nil {
				t.Fatal(err)
			}
		}
		l.text = c.after
		before := read1(t, b.kept.file(".list"))
		_, err := b.on(t, 2)
		if codeOf(err) != c.want || c.want == "" && err != nil {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if c.want != "" && (len(b.told) > 0 || read1(t, b.kept.file(".list")) != before) {
			t.Errorf("%s: a list that is refused changed something: told %v", c.name, b.told)
		}
		if c.want == "" {
			continue
		}
		b.accept = true // a person says that it is right
		if _, err := b.on(t, 2); err != nil {
			t.Errorf("%s: accepted, and still: %v", c.name, err)
		}
	}
}

func read1(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(data)
}

// What follows from another configuration is not a publisher's mistake.
func TestLook_aListThatIsReadOtherwiseIsNotCompared(t *testing.T) {
	b, l := newListBench(t, "")
	l.text = urls(0, 100)
	if _, err := b.on(t, 1); err != nil {
		t.Fatal(err)
	}
	b.caution = newCaution(t, strings.ReplaceAll(strings.ReplaceAll(urls(0, 90), "http://", ""), "/", ""))
	if r, err := b.on(t, 2); err != nil || r.Withdrawn != 90 {
		t.Errorf("%+v, %v", r, err)
	}
	l.text = urls(0, 1)
	if r, err := b.on(t, 3); codeOf(err) != Empty || len(b.told) > 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

// failing is a consumer that fails after some parts, as if the process had ended there.
type failing struct {
	ledger
	left int
}

func (f *failing) Apply(ctx context.Context, d Delta) error {
	if f.left--; f.left < 0 {
		return errors.New("the disk is full")
	}
	return f.ledger.Apply(ctx, d)
}

// Wherever the process ends while changes are told, the consumer has all of them in the end, and nothing that is not
// kept: also when the list has changed meanwhile.
func TestLook_aCrashWhileChangesAreTold(t *testing.T) {
	const maxDelta = 100
	for parts := range 5 {
		b, l := newListBench(t, "")
		b.kept.part = maxDelta
		to := &failing{ledger{}, parts}
		b.to = to
		l.text = urls(0, 3*maxDelta+5)
		b.now = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
		_, _, err := b.poll(t.Context())
		if want := parts < 4; (codeOf(err) == NotTaken) != want {
			t.Fatalf("after %d parts: %v", parts, err)
		}
		if got := len(to.ledger); got != min(parts*maxDelta, 3*maxDelta+5) {
			t.Errorf("after %d parts the consumer has %d", parts, got)
		}
		// The process starts again; the list is another one by now.
		to.left = 100
		l.text = urls(50, 3*maxDelta+5)
		if b.kept, err = openKept(b.kept.dir, b.kept.name); err != nil {
			t.Fatal(err)
		}
		b.kept.part = maxDelta
		if _, _, err := b.poll(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]int{"MALICIOUS": 3*maxDelta - 45, "withdrawn": 50}, to.states()); diff != "" {
			t.Errorf("after %d parts: %s", parts, diff)
		}
	}
}

// A change is told again only if the consumer did not have it all.
func TestTell_nothingPendingTellsNothing(t *testing.T) {
	b, l := newListBench(t, "")
	l.text = urls(0, 10)
	if _, err := b.on(t, 1); err != nil {
		t.Fatal(err)
	}
	clear(b.told)
	if err := b.kept.deliver(t.Context(), b.told); err != nil || len(b.told) > 0 {
		t.Errorf("told %v, %v", b.told, err)
	}
}

func TestLook_anEntryIsUsedForWhatItMayBe(t *testing.T) {
	b, l := newListBench(t, "format = \"csv\"\nmin_confidence = 75\ncolumns = { value = \"v\", kind = \"k\", confidence = \"c\", compromised = \"x\" }")
	b.feed.Kind = ""
	hash := strings.Repeat("ab", 32)
	l.text = "k,v,c,x\nurl,http://evil.example/a,100,\nurl,http://evil.example/b,74,\nurl,https://www.google.com/,100,\nurl,https://www.google.com/evil,100,\n" +
		"domain,evil.example,,\ndomain,contoso.example,100,\ndomain,broken.example,100,True\nurl,http://broken.example/x,100,True\nip,1.2.3.4,75,\nip,10.0.0.1,100,\n" +
		"sha256," + hash + ",100,\nmd5_hash,aa,100,\nemail,bad@evil.example,100,\nurl,nothing,100,\n"
	r, err := b.on(t, 1)
	if err != nil {
		t.Fatal(err)
	}
	want := ledger{"url http://evil.example/a": "MALICIOUS", "url https://www.google.com/evil": "MALICIOUS", "domain evil.example": "SUSPICIOUS",
		"url http://broken.example/x": "MALICIOUS", "ip 1.2.3.4": "SUSPICIOUS", "sha256 " + hash: "MALICIOUS", "email bad@evil.example": "SUSPICIOUS"}
	if diff := cmp.Diff(want, b.told); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[Skip]int{SkipUnsure: 1, SkipMany: 4, SkipKind: 1, SkipUnreadable: 1}, r.Counts.Skipped); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]int{"url": 3, "domain": 1, "ip": 1, "sha256": 1, "email": 1}, r.Counts.ByKind); diff != "" {
		t.Error(diff)
	}
	b.feed.Disposition = verdict.Suspicious
	if _, err := b.on(t, 2); err != nil || b.told["url http://evil.example/a"] != "SUSPICIOUS" || len(b.told) != 4 {
		t.Errorf("the feed is believed less by now, and was told %v, %v", b.told, err)
	}
}

// A name that came onto a warning list is withdrawn, also from a list that has the newest entries alone.
func TestLook_aWarningWithdraws(t *testing.T) {
	for _, complete := range []string{"true", "false"} {
		b, l := newListBench(t, "complete = "+complete)
		l.text = urls(0, 5)
		if _, err := b.on(t, 1); err != nil {
			t.Fatal(err)
		}
		b.caution = newCaution(t, "h3.example\n")
		r, err := b.on(t, 2)
		if err != nil || r.Withdrawn != 1 || b.told["url http://h3.example/"] != "withdrawn" {
			t.Errorf("complete = %s: %+v, %v, told %v", complete, r, err, b.told)
		}
	}
}

func TestLook_STIXTakesBackWhatIsRevoked(t *testing.T) {
	b, l := newListBench(t, "complete = false")
	b.feed.Format, b.feed.Kind = "stix", ""
	object := func(value, modified string, revoked bool) string {
		return fmt.Sprintf(`{"type":"indicator","pattern":"[url:value = '%s']","pattern_type":"stix","modified":"%s","revoked":%t}`, value, modified, revoked)
	}
	l.text = `{"objects":[` + object("http://a.example/", "2026-01-01T00:00:00Z", false) + "," +
		object("http://b.example/", "2026-01-01T00:00:00Z", false) + `]}`
	if r, err := b.on(t, 1); err != nil || r.Added != 2 {
		t.Fatalf("%+v, %v", r, err)
	}
	l.text = `{"objects":[` + object("http://a.example/", "2026-02-01T00:00:00Z", true) + "," +
		object("http://a.example/", "2026-01-01T00:00:00Z", false) + "," +
		object("http://b.example/", "2026-02-01T00:00:00Z", true) + "," + object("http://b.example/",
		"2026-03-01T00:00:00Z", false) + `]}`
	if r, err := b.on(t, 2); err != nil || r.Withdrawn != 1 || b.told["url http://a.example/"] != "withdrawn" {
		t.Errorf("%+v, %v, told %v", r, err, b.told)
	}
}

const (
	eventA = "11111111-1111-4111-8111-111111111111"
	eventB = "22222222-2222-4222-8222-222222222222"
)

// folder is a MISP feed that a test writes.
func folder(t *testing.T, dir, manifest string, events map[string]string) {
	t.Helper()
	files := map[string]string{"manifest": manifest}
	maps.Copy(files, events)
	for name, text := range files {
		file := filepath.Join(dir, name+".json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		os.Chtimes(file, time.Time{}, time.Unix(int64(len(text)), 0))
	}
}

func event(values ...string) string {
	var all []string
	for _, v := range values {
		all = append(all, fmt.Sprintf(`{"type":"url","value":%q,"to_ids":true}`, v))
	}
	return `{"Event":{"info":"x","Attribute":[` + strings.Join(all, ",") + `],"Object":[{"Attribute":[
		{"type":"domain|ip","value":"c2.example|1.2.3.4","to_ids":true},{"type":"filename|sha256","value":"a|b|` + strings.Repeat("cd", 32) + `","to_ids":"1"},
		{"type":"url","value":"http://not.example/","to_ids":false},{"type":"url","value":"http://deleted.example/","to_ids":true,"deleted":"1"},
		{"type":"email-dst","value":"victim@contoso.example","to_ids":true}]}]}}`
}

func TestLook_MISPFetchesWhatChanged(t *testing.T) {
	dir := t.TempDir()
	b := newBench(t, feedOf(t, fmt.Sprintf("preset = \"misp\"\nfile = %q", dir)), defaultLimits())
	manifest := `{"` + eventA + `":{"timestamp":"100","info":"a phish"},"` + eventB + `":{"timestamp":200,"info":"C2"}}`
	folder(t, dir, manifest, map[string]string{eventA: event("http://a.example/1", "http://both.example/"), eventB: event("http://b.example/1", "http://both.example/")})
	r, err := b.on(t, 1)
	if err != nil || r.Counts.Living != 6 {
		t.Fatalf("%+v, %v, told %v", r, err, b.told)
	}
	if b.told["ip 1.2.3.4"] != "SUSPICIOUS" || b.told["domain c2.example"] != "SUSPICIOUS" ||
		b.told["sha256 "+strings.Repeat("cd", 32)] != "MALICIOUS" {
		t.Errorf("told %v", b.told)
	}
	if r, err = b.on(t, 2); err != nil || !r.Unchanged {
		t.Errorf("an unchanged manifest: %+v, %v", r, err)
	}
	// Event A changes; B's file is damaged, and not looked at again, because the manifest says that it did not change.
	folder(t, dir, `{"`+eventA+`":{"timestamp":"101"},"`+eventB+`":{"timestamp":"200"}}`, map[string]string{eventA: event("http://a.example/2"), eventB: "<html>"})
	if r, err = b.on(t, 3); err != nil || r.Added != 1 || r.Withdrawn != 1 ||
		b.told["url http://a.example/1"] != "withdrawn" {
		t.Errorf("%+v, %v, told %v", r, err, b.told)
	}
	folder(t, dir, `{"`+eventA+`":{"timestamp":"101"}}`, nil)
	if r, err = b.on(t, 4); err != nil || b.told["url http://b.example/1"] != "withdrawn" ||
		b.told["url http://both.example/"] != "withdrawn" || len(b.told) != 2 {
		t.Errorf("an event that is gone: %+v, %v, told %v", r, err, b.told)
	}
	files, _ := filepath.Glob(filepath.Join(b.kept.file(".events"), "*"))
	if len(files) != 1 || !strings.HasSuffix(files[0], eventA+".101.json") {
		t.Errorf("kept events: %v", files)
	}
}

func TestLook_MISPManifestsThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		manifest, event string
		want            Code
	}{
		"a list":                   {`[{"uuid":"0"}]`, event(), Empty},
		"no event":                 {`{}`, event(), Empty},
		"a path":                   {`{"../../../etc/passwd":{"timestamp":"1"}}`, event(), Format},
		"no timestamp":             {`{"` + eventA + `":{"info":"x"}}`, event(), Format},
		"another content":          {`{"` + eventA + `":{"timestamp":"1","integrity:sha256":"` + strings.Repeat("ab", 32) + `"}}`, event(), Format},
		"an event that is HTML":    {`{"` + eventA + `":{"timestamp":"1"}}`, "<html>", HTML},
		"a broken event":           {`{"` + eventA + `":{"timestamp":"1"}}`, `{"Event":{"Attribute":[`, Format},
		"an event that is missing": {`{"` + eventB + `":{"timestamp":"1"}}`, event(), Away},
	} {
		dir := t.TempDir()
		b := newBench(t, feedOf(t, fmt.Sprintf("preset = \"misp\"\nfile = %q", dir)), defaultLimits())
		folder(t, dir, c.manifest, map[string]string{eventA: c.event})
		if _, err := b.on(t, 1); codeOf(err) != c.want || len(b.told) > 0 {
			t.Errorf("%s: %v, want %s; told %v", name, err, c.want, b.told)
		}
		folder(t, dir, `{"`+eventA+`":{"timestamp":"1"} }`, map[string]string{eventA: event("http://a.example/")})
		if _, err := b.on(t, 2); err != nil || b.told["url http://a.example/"] == "" {
			t.Errorf("%s: mended, and still: %v", name, err)
		}
	}
}

// A feed of many events comes in parts, and what is not there yet is not withdrawn.
func TestLook_MISPComesInParts(t *testing.T) {
	dir := t.TempDir()
	b := newBench(t, feedOf(t, fmt.Sprintf("preset = \"misp\"\nfile = %q", dir)), defaultLimits())
	b.limits.events = 2
	var entries []string
	events := map[string]string{}
	for i := range 5 {
		uuid := strings.Replace(eventA, "1111", fmt.Sprintf("%04d", i), 1)
		entries = append(entries, fmt.Sprintf(`%q:{"timestamp":"%d"}`, uuid, 10+i))
		events[uuid] = fmt.Sprintf(`{"Event":{"Attribute":[{"type":"url","value":"http://h%d.example/","to_ids":true}]}}`, i)
	}
	folder(t, dir, "{"+strings.Join(entries, ",")+"}", events)
	for i, want := range []int{2, 4, 5} {
		r, more, err := b.poll(t.Context())
		if err != nil || r.Counts.Living != want || more != (i < 2) || r.Withdrawn > 0 {
			t.Errorf("look %d: %+v, more %t, %v", i, r, more, err)
		}
	}
	if _, ok := b.told["url http://h4.example/"]; !ok ||
		!slices.Contains(slices.Collect(maps.Values(b.told)), "MALICIOUS") {
		t.Errorf("told %v", b.told)
	}
}
