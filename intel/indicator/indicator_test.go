package indicator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"clawback/config"
	"clawback/query"
	"clawback/store"
	"clawback/store/memory"
	"clawback/store/storetest"
	"clawback/verdict"
)

// rig is a desk over a store in memory.
type rig struct {
	*Desk
	t     *testing.T
	s     *faulty
	now   time.Time
	n     int
	again map[string]verdict.Verdict // by record; none: its original is not kept any more
	// meanwhile is called as a message is judged again; nil: nothing.
	meanwhile func()
	planned   []string       // disposition of each record that was planned
	actions   config.Actions // of the tenant Contoso
}

// faulty is a store of which the Rejudges fail after so many.
type faulty struct {
	*store.Store
	mu    sync.Mutex // guards after while the desk works
	after int        // -1: never
}

var errKilled = errors.New("killed here")

func (f *faulty) Rejudge(ctx context.Context, j store.Rejudgement) (store.Record, bool, error) {
	if !f.goesOn() {
		return store.Record{}, false, errKilled
	}
	return f.Store.Rejudge(ctx, j)
}

func (f *faulty) goesOn() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.after == 0 {
		return false
	}
	f.after--
	return true
}

func newRig(t *testing.T) *rig {
	t.Helper()
	g := &rig{t: t, now: storetest.Start.Add(time.Hour), again: map[string]verdict.Verdict{}}
	s, err := store.New(&memory.Engine{}, store.Options{Now: func() time.Time { return g.now }})
	must(t, err)
	g.s = &faulty{Store: s, after: -1}
	t.Cleanup(func() { s.Close() })
	g.open()
	return g
}

func (g *rig) open() {
	g.t.Helper()
	var err error
	g.Desk, err = New(g.t.Context(), Options{Store: g.s, Judge: g, Now: func() time.Time { return g.now },
		Tenants: func() []config.Tenant {
			return []config.Tenant{{ID: storetest.Contoso, Domains: []string{"contoso.example"}, Actions: g.actions},
				{ID: storetest.Fabrikam, Domains: []string{"fabrikam.example"}}}
		},
		Plan: func(*config.Tenant) store.Planner {
			return func(rec store.Record, _ []store.Intent) []store.Intent {
				g.planned = append(g.planned, rec.Verdict.Disposition.String())
				return nil
			}
		}})
	must(g.t, err)
}

// Again implements Judge.
func (g *rig) Again(_ context.Context, rec store.Record, _ string) (verdict.Verdict, error) {
	if g.meanwhile != nil {
		g.meanwhile()
	}
	if v, kept := g.again[rec.ID]; kept {
		return v, nil
	}
	return verdict.Verdict{}, errors.New("its original is not kept any more")
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// mail stores a message that carries what is named, as kind=value.
func (g *rig) mail(tenant string, edit func(*store.Record), carried ...string) store.Record {
	g.t.Helper()
	g.n++
	a := storetest.Report(tenant, g.n)
	a.Record.Direction = "inbound"
	v := verdict.Verdict{Disposition: verdict.Clean, Score: 90}
	for _, c := range carried {
		kind, value, _ := strings.Cut(c, "=")
		v.Indicators = append(v.Indicators, verdict.Indicator{Kind: kind, Value: value})
	}
	a.Record.Verdict, a.Record.Variants[0].Verdict, a.Record.Variants[0].FirstHand = v, v, true
	a.Record.Variants[0].Report = a.Key
	if edit != nil {
		edit(&a.Record)
	}
	rec, _, err := g.s.Apply(g.t.Context(), a, func(store.Record, []store.Intent) []store.Intent { return nil })
	must(g.t, err)
	return rec
}

func (g *rig) add(kind, value string, edit func(*store.Indicator)) store.Indicator {
	g.t.Helper()
	i := store.Indicator{Kind: kind, Value: value}
	if edit != nil {
		edit(&i)
	}
	i, err := g.Add(g.t.Context(), "ada", i)
	must(g.t, err)
	must(g.t, g.step(g.t.Context()))
	return i
}

// addAll adds indicators at once, as a feed does.
func (g *rig) addAll(all ...string) {
	g.t.Helper()
	var list []store.Indicator
	for _, one := range all {
		kind, value, _ := strings.Cut(one, "=")
		list = append(list, store.Indicator{Kind: kind, Value: value})
	}
	_, refused, err := g.AddMany(g.t.Context(), "ada", list)
	must(g.t, errors.Join(append(refused, err)...))
	must(g.t, g.step(g.t.Context()))
}

func (g *rig) is(rec store.Record) verdict.Verdict {
	g.t.Helper()
	now, err := g.s.Record(g.t.Context(), rec.ID)
	must(g.t, err)
	return now.Verdict
}

func (g *rig) wants(what string, rec store.Record, want verdict.Disposition) {
	g.t.Helper()
	if got := g.is(rec).Disposition; got != want {
		g.t.Errorf("%s: it is %s, want %s", what, got, want)
	}
}

const page = "https://evil.example/login?a=b"

// What carries an indicator is judged anew, when it was delivered before and when it comes later; what is near to it is
// not.
func TestAdd_judgesWhatCarriesItAndNothingElse(t *testing.T) {
	hash := strings.Repeat("ab", 32)
	for _, tt := range []struct {
		kind, value string
		bad         verdict.Disposition
		carry, not  []string
	}{
		{"url", page, verdict.Malicious, []string{"url=" + page, "url=http://EVIL.example/login?a=b#x",
			"url=https://user@evil.example:443/login?a=b"},
			[]string{"url=https://evil.example/login", "url=https://evil.example/login?a=bc",
				"url=https://evil.example/Login?a=b", "url=https://www.evil.example/login?a=b",
				"url=https://evil.example.other.example/login?a=b", "url=https://evil.example:8443/login?a=b",
				"domain=evil.example"}},
		{"url", "hxxps://evil[.]example/login?a=b", verdict.Malicious, []string{"url=" + page},
			[]string{"domain=evil.example"}},
		{"domain", "evil.example", verdict.Suspicious, []string{"domain=evil.example", "domain=a.evil.example",
			"url=http://b.evil.example/x"},
			[]string{"domain=notevil.example", "domain=evil.example.com", "domain=example",
				"url=https://good.example/evil.example"}},
		{"domain", "a.evil.example", verdict.Suspicious, []string{"domain=a.evil.example"},
			[]string{"domain=evil.example", "domain=b.evil.example"}},
		{"sha256", strings.ToUpper(hash), verdict.Malicious, []string{"sha256=" + hash},
			[]string{"sha256=" + strings.Repeat("ac", 32)}},
		{"ip", "8.8.4.4", verdict.Suspicious, []string{"domain=8.8.4.4"}, []string{"domain=8.8.4.40",
			"domain=8.8.4.4.example"}},
		{"email", "Eve@Evil.example", verdict.Suspicious, []string{"from=eve@evil.example"},
			[]string{"from=steve@evil.example", "from=eve@evil.example.com", "from=eve@a.evil.example"}},
	} {
		t.Run(tt.kind+" "+tt.value, func(t *testing.T) {
			g := newRig(t)
			put := func(c string) store.Record {
				if from, is := strings.CutPrefix(c, "from="); is {
					return g.mail(storetest.Contoso, func(r *store.Record) { r.From = from })
				}
				return g.mail(storetest.Contoso, nil, c)
			}
			var hit, near []store.Record
			both := func() {
				for _, c := range tt.carry {
					hit = append(hit, put(c))
				}
				for _, c := range tt.not {
					near = append(near, put(c))
				}
			}
			both()
			i := g.add(tt.kind, tt.value, nil)
			both()
			must(t, g.step(t.Context()))
			for n, rec := range hit {
				g.wants(fmt.Sprintf("carrier %d", n), rec, tt.bad)
				if v := g.is(rec); !restsOn(v, i.ID) {
					t.Errorf("carrier %d: the verdict does not name the indicator: %+v", n, v.Reasons)
				}
			}
			for n, rec := range near {
				g.wants(fmt.Sprintf("neighbour %d (%s)", n, (append(tt.not, tt.not...))[n]), rec, verdict.Clean)
			}
			if len(g.planned) != len(hit) {
				t.Errorf("%d records were planned, want %d", len(g.planned), len(hit))
			}
			rev := g.rev(hit[0])
			must(t, g.step(t.Context()))
			g.open()
			must(t, g.step(t.Context()))
			if g.rev(hit[0]) != rev {
				t.Error("judging again by the same indicator writes again")
			}
		})
	}
}

func (g *rig) rev(rec store.Record) uint64 {
	now, err := g.s.Record(g.t.Context(), rec.ID)
	must(g.t, err)
	return now.Rev
}

// A person's word stands above an indicator, and another tenant's mail is not touched.
func TestAdd_whatAnIndicatorDoesNotTouch(t *testing.T) {
	g := newRig(t)
	policy := func(id string) func(*store.Record) {
		return func(r *store.Record) {
			r.Verdict.Reasons = []verdict.Reason{{ID: id, Family: "policy"}}
			r.Variants[0].Verdict = r.Verdict
		}
	}
	pinned := g.mail(storetest.Contoso, nil, "url="+page)
	rec := pinned
	rec.Pinned = "clean"
	must(t, g.s.Update(t.Context(), store.Change{Record: &rec}))
	trusted := g.mail(storetest.Contoso, policy("policy.trust_sender"), "url="+page)
	simulated := g.mail(storetest.Contoso, policy("policy.simulation"), "url="+page)
	accepted := g.mail(storetest.Contoso, policy("policy.accept_sender"),
		"url="+page) // accepted as bulk: still looked at for harm
	other := g.mail(storetest.Fabrikam, nil, "url="+page)
	old := g.mail(storetest.Contoso, func(r *store.Record) { r.Received = g.now.Add(-91 * 24 * time.Hour) },
		"url="+page)
	gone := g.mail("99999999-0000-4000-8000-000000000000", nil,
		"url="+page) // of a tenant that is not configured any more
	g.add("url", page, func(i *store.Indicator) { i.Tenant = storetest.Contoso })
	later := g.mail(storetest.Fabrikam, nil, "url="+page)
	must(t, g.step(t.Context()))
	g.wants("pinned", pinned, verdict.Clean)
	g.wants("of a trusted sender", trusted, verdict.Clean)
	g.wants("of a simulation", simulated, verdict.Clean)
	g.wants("of an accepted sender", accepted, verdict.Malicious)
	g.wants("of another tenant", other, verdict.Clean)
	g.wants("of another tenant, later", later, verdict.Clean)
	g.wants("older than the window", old, verdict.Clean)
	g.wants("of a tenant that is gone", gone, verdict.Clean)
}

// known has the scorer know the author, who quotes those of the indicators that have the numbers.
func known(quoted ...int) func(*store.Record) {
	return func(r *store.Record) {
		r.Verdict.Reasons = []verdict.Reason{{ID: "history.known_sender", Family: "history"}}
		r.Verdict.Quoted = quoted
		r.Variants[0].Verdict = r.Verdict
	}
}

// bulkMail has the scorer find a mailing.
func bulkMail(r *store.Record) {
	r.Verdict.Disposition = verdict.Bulk
	r.Variants[0].Verdict = r.Verdict
}

// Mail of one's own people, quotations by those whom the organisation knows, and lists of bad addresses are left to a
// person. Whoever is not known cannot dress his message as one of these.
func TestAdd_leavesToAPerson(t *testing.T) {
	var many []string
	for n := range digestHosts {
		many = append(many, fmt.Sprintf("domain=listed-%d.example", n))
	}
	few := []string{"url=" + page, "url=https://b.example/x", "url=https://c.example/x"}
	from := func(address string) func(*store.Record) { return func(r *store.Record) { r.From = address } }
	sent := func(direction string) func(*store.Record) {
		return func(r *store.Record) { r.Direction = direction }
	}
	type mail struct {
		edit    func(*store.Record)
		carried []string
	}
	of := func(edit func(*store.Record), carried ...string) mail { return mail{edit, carried} }
	for name, tt := range map[string]struct {
		mail
		review verdict.Review
	}{
		"outbound":                        {of(sent("outbound"), "url="+page), verdict.ReviewOwn},
		"internal":                        {of(sent("internal"), "url="+page), verdict.ReviewOwn},
		"own domain":                      {of(from("ann@Mail.Contoso.example"), "url="+page), verdict.ReviewOwn},
		"other's domain":                  {of(from("ann@notcontoso.example"), "url="+page), ""},
		"quoted":                          {of(known(0), "url="+page), verdict.ReviewQuotation},
		"quoted beside own words":         {of(known(1), "url=https://a.example/", "url="+page), verdict.ReviewQuotation},
		"own words beside a quotation":    {of(known(0), "url=https://a.example/", "url="+page), ""},
		"nothing quoted":                  {of(known(), "url="+page), ""},
		"the host quoted, the page not":   {of(known(1), "url="+page, "domain=evil.example"), ""},
		"one of two that are listed":      {of(known(0), few[:2]...), ""},
		"both":                            {of(known(0, 1), few[:2]...), verdict.ReviewQuotation},
		"a known author's list":           {of(known(), append(many, "url="+page)...), verdict.ReviewDigest},
		"one host fewer":                  {of(known(), append(many[1:], "url="+page)...), ""},
		"a mailing's list":                {of(bulkMail, append(many, "url="+page)...), verdict.ReviewDigest},
		"a mailing":                       {of(bulkMail, "url="+page), ""},
		"a stranger's list":               {of(nil, append(many, "url="+page)...), ""},
		"three that are listed":           {of(known(), few...), verdict.ReviewDigest},
		"two that are listed":             {of(known(), few[:2]...), ""},
		"three of a stranger's":           {of(nil, few...), ""},
		"three of a host that is listed":  {of(known(), "url="+page, "url="+page+"1", "url="+page+"2"), ""},
		"a list of one's own people":      {of(from("ann@contoso.example"), append(many, "url="+page)...), verdict.ReviewOwn},
		"a quotation of one's own people": {of(sent("internal"), "url="+page, "url=https://a.example/"), verdict.ReviewOwn},
	} {
		t.Run(name, func(t *testing.T) {
			g := newRig(t)
			rec := g.mail(storetest.Contoso, tt.edit, tt.carried...)
			g.addAll("url="+page, "url="+page+"1", "url="+page+"2", few[1], few[2])
			want := verdict.Malicious
			if tt.review != "" {
				want = verdict.Suspicious
			}
			if v := g.is(rec); v.Disposition != want || v.Review != tt.review {
				t.Errorf("it is %s, for review %q; want %s, %q", v.Disposition, v.Review, want, tt.review)
			}
		})
	}
}

// Where a tenant has SUSPICIOUS messages taken, what a host alone speaks against is held in the same cases; and what
// the scorer has found to be SUSPICIOUS is taken as before.
func TestAdd_leavesToAPersonWhereSuspiciousIsTaken(t *testing.T) {
	suspicious := func(r *store.Record) {
		known(0)(r)
		r.Verdict.Disposition = verdict.Suspicious
		r.Variants[0].Verdict = r.Verdict
	}
	for name, c := range map[string]struct {
		actions config.Actions
		edit    func(*store.Record)
		review  verdict.Review
	}{
		"quoted":                     {config.Actions{verdict.Suspicious: {Action: config.Junk}}, known(0), verdict.ReviewQuotation},
		"own words":                  {config.Actions{verdict.Suspicious: {Action: config.Junk}}, known(), ""},
		"quoted, and nothing taken":  {nil, known(0), ""},
		"quoted, SUSPICIOUS already": {config.Actions{verdict.Suspicious: {Action: config.Junk}}, suspicious, ""},
	} {
		t.Run(name, func(t *testing.T) {
			g := newRig(t)
			g.actions = c.actions
			g.open()
			rec := g.mail(storetest.Contoso, c.edit, "domain=evil.example")
			g.add("domain", "evil.example", nil)
			if v := g.is(rec); v.Disposition != verdict.Suspicious || v.Review != c.review {
				t.Errorf("it is %s, for review %q; want %q", v.Disposition, v.Review, c.review)
			}
		})
	}
}

// What the scorer found to be SPOOF stays that when an indicator leaves it to a person; MALICIOUS is left to nobody.
func TestAdd_leavesSpoofToAPerson(t *testing.T) {
	g := newRig(t)
	judged := func(d verdict.Disposition, review verdict.Review) store.Record {
		return g.mail(storetest.Contoso, func(r *store.Record) {
			r.From = "ann@contoso.example"
			r.Verdict.Disposition, r.Verdict.Review = d, review
			r.Variants[0].Verdict = r.Verdict
		}, "url="+page)
	}
	spoof, held := judged(verdict.Spoof, ""), judged(verdict.Spoof, verdict.ReviewImpostor)
	malicious := judged(verdict.Malicious, "")
	g.add("url", page, nil)
	must(t, g.step(t.Context()))
	for name, c := range map[string]struct {
		rec    store.Record
		want   verdict.Disposition
		review verdict.Review
	}{
		"SPOOF":                    {spoof, verdict.Spoof, verdict.ReviewOwn},
		"SPOOF that is held":       {held, verdict.Spoof, verdict.ReviewImpostor},
		"what is MALICIOUS by now": {malicious, verdict.Malicious, ""},
	} {
		if v := g.is(c.rec); v.Disposition != c.want || v.Review != c.review {
			t.Errorf("%s: it is %s, for review %q; want %s, %q", name, v.Disposition, v.Review, c.want, c.review)
		}
	}
}

// The scorer asks for each value of a message beyond those that it keeps whether it is one of an indicator's: in all
// the forms in which a message carries it, from when it is added until it is gone.
func TestKnows(t *testing.T) {
	g := newRig(t)
	knows := func(kind, value string) bool {
		return slices.ContainsFunc(query.Message{Indicators: []verdict.Indicator{{Kind: kind, Value: value}}}.Terms(),
			g.Knows)
	}
	if knows("url", page) {
		t.Error("an empty desk knows a value")
	}
	i := g.add("url", page, nil)
	g.add("domain", "bad.example", func(i *store.Indicator) { i.Tenant = storetest.Fabrikam })
	for value, want := range map[string]bool{"url " + page: true, "url http://EVIL.example/login?a=b": true,
		"url https://evil.example/": false, "domain evil.example": false, "domain www.bad.example": true,
		"url https://www.bad.example/x": true, "domain notbad.example": false} {
		kind, text, _ := strings.Cut(value, " ")
		if got := knows(kind, text); got != want {
			t.Errorf("%s: %v, want %v", value, got, want)
		}
	}
	_, err := g.Remove(t.Context(), "bob", "", i.ID, "")
	must(t, err)
	must(t, g.step(t.Context()))
	if knows("url", page) {
		t.Error("it knows what was removed")
	}
}

// What good mail carries too is refused.
func TestAdd_refuses(t *testing.T) {
	g := newRig(t)
	for _, tt := range []struct{ kind, value string }{
		{"domain", "contoso.example"}, {"domain", "www.contoso.example"}, {"url", "https://contoso.example/"}, {"email",
			"ann@contoso.example"},
		{"domain", "google.com"}, {"domain", "docs.google.com"}, {"url", "https://www.google.com"}, {"domain",
			"microsoft.com"}, {"domain", "bit.ly"},
		{"domain", "com"}, {"domain", "co.uk"}, {"domain", "evil.example/path"}, {"domain", "8.8.8.8"}, {"ip",
			"10.0.0.1"}, {"ip", "127.0.0.1"}, {"ip", "x"},
		{"sha256", "abc"}, {"sha256", strings.Repeat("zz", 32)}, {"url", "evil"}, {"email", "eve"}, {"phone", "123"},
		{"url", ""}, {"", ""},
	} {
		if i, err := g.Add(t.Context(), "ada", store.Indicator{Kind: tt.kind, Value: tt.value}); err == nil {
			t.Errorf("%s %q is taken as %s %q", tt.kind, tt.value, i.Kind, i.Value)
		}
	}
	if _, err := g.Add(t.Context(), "ada", store.Indicator{Kind: "url",
		Value: "https://www.google.com/url?q=evil"}); err != nil {
		t.Errorf("an exact page of a popular site: %v", err)
	}
	if _, err := g.Add(t.Context(), "ada", store.Indicator{Kind: "url", Value: page, Until: g.now}); err == nil {
		t.Error("one whose lifetime is over is taken")
	}
	if _, err := g.Add(t.Context(), "ada", store.Indicator{Kind: "url", Value: page,
		Disposition: verdict.Clean}); err == nil {
		t.Error("one that makes CLEAN is taken")
	}
	if _, err := g.Add(t.Context(), "ada", store.Indicator{Kind: "url", Value: page, Tenant: "nobody"}); err == nil {
		t.Error("one of a tenant that is not there is taken")
	}
}

// Beyond the brake nothing is changed until a person approves, neither of stored mail nor of what comes.
func TestBrake(t *testing.T) {
	for _, hits := range []int{20, 21} {
		t.Run(fmt.Sprint(hits), func(t *testing.T) {
			g := newRig(t)
			var all []store.Record
			for range hits {
				all = append(all, g.mail(storetest.Contoso,
					func(r *store.Record) { r.Received = g.now.Add(-time.Minute) }, "url="+page))
			}
			i := g.add("url", page, nil)
			later := g.mail(storetest.Contoso, nil, "url="+page)
			must(t, g.step(t.Context()))
			if hits == 20 {
				g.wants("within the brake", all[0], verdict.Malicious)
				return
			}
			waiting, err := g.find("", i.ID)
			if err != nil || waiting.State != store.IndicatorWaiting || waiting.Why == "" {
				t.Fatalf("the indicator is %+v, %v; want one that waits", waiting, err)
			}
			for _, rec := range append(all, later) {
				g.wants("beyond the brake", rec, verdict.Clean)
			}
			if list, _ := g.s.Notices(t.Context(), ""); len(list) != 1 {
				t.Errorf("%d notices stand, want 1", len(list))
			}
			g.open() // a start does not let it through
			must(t, g.step(t.Context()))
			g.wants("after a start", all[0], verdict.Clean)
			if _, err := g.Approve(t.Context(), "bob", "", i.ID, "looked at"); err != nil {
				t.Fatal(err)
			}
			must(t, g.step(t.Context()))
			for _, rec := range append(all, later) {
				g.wants("approved", rec, verdict.Malicious)
			}
			if list, _ := g.s.Notices(t.Context(), ""); len(list) != 0 {
				t.Errorf("%d notices stand still", len(list))
			}
			if _, err := g.Approve(t.Context(), "bob", "", i.ID, ""); err == nil {
				t.Error("what does not wait can be approved")
			}
		})
	}
}

// What rested on an indicator is judged anew when it is withdrawn; a person's decision in between stands.
func TestRemove(t *testing.T) {
	g := newRig(t)
	kept := g.mail(storetest.Contoso, nil, "url="+page)
	lost := g.mail(storetest.Contoso, func(r *store.Record) {
		r.Verdict.Disposition = verdict.Bulk
		r.Variants[0].Verdict = r.Verdict
	}, "url="+page)
	pinned := g.mail(storetest.Contoso, nil, "url="+page)
	both := g.mail(storetest.Contoso, nil, "url="+page, "domain=other.example")
	bad := g.mail(storetest.Contoso, func(r *store.Record) {
		r.Verdict.Disposition = verdict.Malicious
		r.Variants[0].Verdict = r.Verdict
	}, "url="+page) // without the indicator
	g.again[kept.ID] = verdict.Verdict{Disposition: verdict.Spam, Score: 70}
	i := g.add("url", page, nil)
	g.add("domain", "other.example", nil)
	now, err := g.s.Record(t.Context(), pinned.ID)
	must(t, err)
	now.Pinned = "restored"
	must(t, g.s.Update(t.Context(), store.Change{Record: &now}))
	if _, err := g.Remove(t.Context(), "bob", "", i.ID, "a mistake"); err != nil {
		t.Fatal(err)
	}
	g.s.after = 1 // killed after the first
	if err := g.step(t.Context()); !errors.Is(err, errKilled) {
		t.Fatalf("error %v", err)
	}
	g.s.after = -1
	g.open()
	must(t, g.step(t.Context()))
	g.wants("whose original is kept", kept, verdict.Spam)
	g.wants("whose original is not kept", lost, verdict.Bulk)
	g.wants("that a person has decided", pinned, verdict.Malicious)
	g.wants("that another indicator hits", both, verdict.Suspicious)
	g.wants("that was bad of itself", bad, verdict.Malicious)
	if list := g.List(""); len(list) != 1 {
		t.Errorf("%d indicators are left, want 1", len(list))
	}
}

// Who adds an indicator again, for the same tenants or for others, while it is withdrawn has the last word.
func TestRemove_addedAgainMeanwhile(t *testing.T) {
	for _, tenant := range []string{"", storetest.Contoso, storetest.Fabrikam} {
		g := newRig(t)
		rec := g.mail(storetest.Contoso, nil, "url="+page)
		i := g.add("url", page, nil)
		_, err := g.Remove(t.Context(), "bob", "", i.ID, "a mistake")
		must(t, err)
		g.meanwhile = func() {
			g.meanwhile = nil
			again := store.Indicator{Tenant: tenant, Kind: "url", Value: page, Note: "no mistake"}
			_, err := g.Add(t.Context(), "ada", again)
			must(t, err)
		}
		must(t, g.step(t.Context()))
		must(t, g.step(t.Context()))
		stored, err := g.s.Indicators(t.Context(), "")
		must(t, err)
		if len(stored) != 1 || stored[0].By != "ada" || stored[0].State != store.IndicatorActive ||
			len(g.List("")) != 1 {
			t.Errorf("tenant %q: kept are %+v", tenant, stored)
		}
		want := verdict.Malicious
		if tenant == storetest.Fabrikam {
			want = verdict.Clean
		}
		g.wants("for tenant "+tenant, rec, want)
	}
}

// Withdrawn, an indicator takes back what it made of a message, and nothing else: what the scorer left to a person
// stays with him, and other indicators stay in force, in whatever order they came and go.
func TestRemove_leavesTheScorersReview(t *testing.T) {
	const host, file = "other.example", "ab"
	hash := strings.Repeat(file, 32)
	bec := func(d verdict.Disposition, review verdict.Review) func(*store.Record) {
		return func(r *store.Record) {
			v := &r.Variants[0].Verdict
			v.Disposition, v.Score, v.Review = d, 50, review
			v.Reasons = []verdict.Reason{{ID: "review." + string(review), Family: "review",
				Text: "A person must decide."}}
			r.Verdict = *v
		}
	}
	for name, c := range map[string]struct {
		edit   func(*store.Record)
		added  []string // in this order
		gone   []string
		want   verdict.Disposition
		review verdict.Review
	}{
		"one that made it worse": {bec(verdict.Suspicious, verdict.ReviewPayment), []string{"url=" + page},
			[]string{"url=" + page}, verdict.Suspicious, verdict.ReviewPayment},
		"one that changed nothing": {bec(verdict.Suspicious, verdict.ReviewPayment), []string{"domain=" + host},
			[]string{"domain=" + host}, verdict.Suspicious, verdict.ReviewPayment},
		"one of two that made it worse": {bec(verdict.Suspicious, verdict.ReviewPayment),
			[]string{"url=" + page, "sha256=" + hash}, []string{"url=" + page}, verdict.Malicious, ""},
		"both, the first one first": {bec(verdict.Suspicious, verdict.ReviewPayment),
			[]string{"url=" + page, "sha256=" + hash}, []string{"url=" + page, "sha256=" + hash}, verdict.Suspicious,
			verdict.ReviewPayment},
		"of SPOOF that is held": {bec(verdict.Spoof, verdict.ReviewImpostor), []string{"url=" + page},
			[]string{"url=" + page}, verdict.Spoof, verdict.ReviewImpostor},
		"a host, then a page, the host first": {nil, []string{"domain=" + host, "url=" + page},
			[]string{"domain=" + host, "url=" + page}, verdict.Clean, ""},
		"a host, then a page, the page first": {nil, []string{"domain=" + host, "url=" + page},
			[]string{"url=" + page, "domain=" + host}, verdict.Clean, ""},
		"a host, then a page, the host stays": {nil, []string{"domain=" + host, "url=" + page}, []string{"url=" + page},
			verdict.Suspicious, ""},
	} {
		t.Run(name, func(t *testing.T) {
			g := newRig(t)
			rec := g.mail(storetest.Contoso, c.edit, "url="+page, "domain="+host, "sha256="+hash)
			ids := map[string]string{}
			for _, value := range c.added {
				kind, text, _ := strings.Cut(value, "=")
				ids[value] = g.add(kind, text, nil).ID
			}
			for _, value := range c.gone {
				_, err := g.Remove(t.Context(), "bob", "", ids[value], "a mistake")
				must(t, err)
				must(t, g.step(t.Context()))
			}
			v := g.is(rec)
			if v.Disposition != c.want || v.Review != c.review {
				t.Errorf("it is %s, for review %q; want %s, %q", v.Disposition, v.Review, c.want, c.review)
			}
			if left := len(c.added) - len(c.gone); RestsOnAny(v) != (left > 0) || (v.Before != nil) != (left > 0) {
				t.Errorf("%d are left, and its reasons are %+v, before it was %+v", left, v.Reasons, v.Before)
			}
		})
	}
}

// A verdict that was made worse by a version which did not note what it was before gets its review back by its reasons.
func TestWithout_ofAnOldRow(t *testing.T) {
	v := verdict.Verdict{Disposition: verdict.Malicious, Score: 100, Reasons: []verdict.Reason{
		{ID: signal, Where: "k1"},
		{ID: "words.payment", Family: "words"}, {ID: "review.payment", Family: "review"}}}
	rec := store.Record{Rejudged: &store.Rejudged{Was: verdict.Suspicious}}
	got := without(v, rec)
	if got.Disposition != verdict.Suspicious || got.Review != verdict.ReviewPayment || len(got.Reasons) != 2 {
		t.Errorf("%+v", got)
	}
	v.Review, v.Reasons = verdict.ReviewOwn, v.Reasons[:2]
	if got := without(v, rec); got.Review != "" {
		t.Errorf("the review of an indicator stays: %+v", got)
	}
}

// An original that an engine could not be asked about makes nothing milder than it was before the indicator.
func TestRemove_whileAnEngineIsAway(t *testing.T) {
	g := newRig(t)
	rec := g.mail(storetest.Contoso, func(r *store.Record) {
		r.Variants[0].Verdict.Disposition = verdict.Spam
	}, "url="+page)
	i := g.add("url", page, nil)
	g.again[rec.ID] = verdict.Verdict{Disposition: verdict.Clean, Degraded: []string{"clamd: connection refused"}}
	_, err := g.Remove(t.Context(), "bob", "", i.ID, "a mistake")
	must(t, err)
	must(t, g.step(t.Context()))
	g.wants("while an engine is away", rec, verdict.Spam)
}

// An indicator whose lifetime is over counts on where another one is withdrawn.
func TestRemove_besideOneThatIsOver(t *testing.T) {
	g := newRig(t)
	rec := g.mail(storetest.Contoso, nil, "url="+page, "domain=other.example")
	g.add("domain", "other.example", func(i *store.Indicator) { i.Until = g.now.Add(time.Hour) })
	i := g.add("url", page, nil)
	g.now = g.now.Add(2 * time.Hour)
	_, err := g.Remove(t.Context(), "bob", "", i.ID, "a mistake")
	must(t, err)
	must(t, g.step(t.Context()))
	g.wants("that rested on one whose lifetime is over", rec, verdict.Suspicious)
}

// The end of an indicator's lifetime changes no verdict, and what comes later is not judged by it.
func TestUntil(t *testing.T) {
	g := newRig(t)
	before := g.mail(storetest.Contoso, nil, "url="+page)
	g.add("url", page, func(i *store.Indicator) { i.Until = g.now.Add(time.Hour) })
	g.now = g.now.Add(2 * time.Hour)
	after := g.mail(storetest.Contoso, nil, "url="+page)
	must(t, g.step(t.Context()))
	g.wants("before its end", before, verdict.Malicious)
	g.wants("after its end", after, verdict.Clean)
}

// A kill in the middle is made good after the start: nothing is left out, nothing is done twice.
func TestApply_killed(t *testing.T) {
	for after := range 4 {
		g := newRig(t)
		var all []store.Record
		for range 4 {
			all = append(all, g.mail(storetest.Contoso, nil, "url="+page))
		}
		i, err := g.Add(t.Context(), "ada", store.Indicator{Kind: "url", Value: page})
		must(t, err)
		g.s.after = after
		if err := g.step(t.Context()); !errors.Is(err, errKilled) {
			t.Fatalf("error %v", err)
		}
		g.s.after = -1
		all = append(all, g.mail(storetest.Contoso, nil, "url="+page)) // while it was away
		g.open()
		must(t, g.step(t.Context()))
		for n, rec := range all {
			g.wants(fmt.Sprintf("killed after %d: message %d", after, n), rec, verdict.Malicious)
		}
		if now, err := g.find("", i.ID); err != nil || now.State != store.IndicatorActive {
			t.Errorf("killed after %d: it is %s, %v", after, now.State, err)
		}
	}
}

// Changes that the store does not keep any more are searched for.
func TestFollow_missedChanges(t *testing.T) {
	g := newRig(t)
	g.mail(storetest.Contoso, nil)
	g.add("url", page, nil)
	rec := g.mail(storetest.Contoso, nil, "url="+page)
	must(t, g.s.DropCursor(t.Context(), follower))
	g.now = g.now.Add(72 * time.Hour)
	if _, err := g.s.Expire(t.Context(), store.Retention{Changes: g.now}); err != nil {
		t.Fatal(err)
	}
	must(t, g.step(t.Context()))
	g.wants("whose change is gone", rec, verdict.Malicious)
}

// Explaining changes nothing.
func TestExplain(t *testing.T) {
	g := newRig(t)
	rec := g.mail(storetest.Contoso, nil, "url="+page)
	g.mail(storetest.Contoso, nil, "domain=evil.example")
	m, err := g.Explain(t.Context(), store.Indicator{Value: "evil.example"})
	if err != nil || m.Messages != 2 || m.Changes != 2 || m.Indicator.Kind != "domain" {
		t.Errorf("%+v, %v; want 2 messages and 2 changes", m, err)
	}
	if _, err := g.s.Record(t.Context(), rec.ID); err != nil || g.rev(rec) != 1 || len(g.List("")) != 0 {
		t.Error("explaining has changed something")
	}
}

// Changes are not kept for a desk without indicators.
func TestFollow_endsWithTheLastIndicator(t *testing.T) {
	g := newRig(t)
	g.mail(storetest.Contoso, nil, "url="+page)
	i := g.add("url", page, nil)
	if cursor, err := g.s.Cursor(t.Context(), follower); err != nil || cursor == 0 {
		t.Fatalf("changes are not followed: %d, %v", cursor, err)
	}
	if _, err := g.Remove(t.Context(), "ada", "", i.ID, ""); err != nil {
		t.Fatal(err)
	}
	must(t, g.step(t.Context()))
	if cursor, err := g.s.Cursor(t.Context(), follower); err != nil || cursor != 0 {
		t.Errorf("changes from %d on are kept for nobody, %v", cursor, err)
	}
}

// A stranger sends what feeds list, and it becomes indicators: people must have room still, and so must other tenants.
func TestAdd_nobodyTakesAllTheRoom(t *testing.T) {
	g := newRig(t)
	fill := func(by, tenant string, n int) {
		for range n {
			i := store.Indicator{ID: fmt.Sprint(len(g.known)), By: by, Tenant: tenant, State: store.IndicatorActive}
			g.known[place(i)] = i
		}
	}
	add := func(who, tenant, value string) error {
		_, err := g.Add(t.Context(), who, store.Indicator{Tenant: tenant, Kind: "domain", Value: value})
		return err
	}
	fill("feed a", "", 2000)
	fill("feed b", "", maxShare-2000)
	if err := add("feed c", "", "one.evil.example"); err == nil {
		t.Error("feeds take more than their share")
	}
	must(t, add("ada", "", "two.evil.example"))
	must(t, add("ada", storetest.Contoso, "three.evil.example"))
	clear(g.known)
	fill("ada", storetest.Contoso, maxShare)
	if err := add("ada", storetest.Contoso, "four.evil.example"); err == nil {
		t.Error("a tenant takes more than its share")
	}
	must(t, add("bob", storetest.Fabrikam, "five.evil.example"))
	must(t, add("feed a", "", "six.evil.example"))
	fill("ada", "", maxIndicators)
	if err := add("ada", "", "seven.evil.example"); err == nil {
		t.Error("there is no bound")
	}
}

// What a message carries is looked up in, not read anew, for each indicator in force: its sender decides how much that
// is, and by what feeds list he decides how many there are.
func TestChanges_costNoMoreForMoreIndicators(t *testing.T) {
	g := newRig(t)
	var values []string
	for n := range 300 {
		values = append(values, fmt.Sprintf("url=https://host%d.example/a", n))
	}
	rec := g.mail(storetest.Contoso, nil, values...)
	cost := func(indicators int) float64 {
		known := make([]store.Indicator, indicators)
		for n := range known {
			known[n] = store.Indicator{ID: fmt.Sprint(n), Kind: "url", Value: fmt.Sprintf("https://other%d.example/a", n),
				State: store.IndicatorActive}
		}
		return testing.AllocsPerRun(3, func() { g.changes(rec, known) })
	}
	if few, many := cost(10), cost(1010); (many-few)/1000 > 1 {
		t.Errorf("%.0f allocations for each further indicator", (many-few)/1000)
	}
}

// Any message may have an empty file.
func TestAdd_emptyFile(t *testing.T) {
	g := newRig(t)
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	if _, err := g.Add(t.Context(), "ada", store.Indicator{Kind: "sha256", Value: empty}); err == nil {
		t.Error("the hash of an empty file is an indicator")
	}
}

// The desk looks five times a second whether there is something to do: with ten thousand indicators of which none has
// changed that makes no new list of them.
func TestStep_costsNothingWhereNothingChanged(t *testing.T) {
	g := newRig(t)
	for n := range 10_000 {
		g.put(store.Indicator{ID: fmt.Sprint(n), Kind: "domain", Value: fmt.Sprintf("host%d.example", n),
			State: store.IndicatorActive, Added: g.now.Add(time.Duration(n) * time.Second)})
	}
	must(t, g.step(t.Context()))
	if n := testing.AllocsPerRun(10, func() { must(t, g.step(t.Context())) }); n > 500 {
		t.Errorf("%.0f allocations of a look that finds nothing", n)
	}
	list := g.List("")
	if len(list) != 10_000 || list[0].ID != "9999" || list[9999].ID != "0" {
		t.Errorf("%d are listed, the first %s", len(list), list[0].ID)
	}
	withdrawn := list[0]
	withdrawn.State = store.IndicatorWithdrawing
	g.put(withdrawn)
	must(t, g.drop(t.Context(), withdrawn))
	g.put(store.Indicator{ID: "last", Added: list[9999].Added.Add(-time.Second)})
	if list = g.List(""); list[0].ID != "9998" || list[9999].ID != "last" {
		t.Errorf("after changes the first is %s, the last %s", list[0].ID, list[9999].ID)
	}
}
