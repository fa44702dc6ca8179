package rejudge

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"clawback/config"
	"clawback/store"
	"clawback/store/storetest"
	"clawback/verdict"
)

// wave is some mail that one attacker sends, or that one rule hits.
type wave struct {
	n        int
	tenant   string // "": Contoso
	from     string // address; with %d each has another one
	carries  string // kind=value of an indicator
	was      verdict.Disposition
	will     verdict.Disposition
	edit     func(*store.Record)
	review   verdict.Review // of the new verdict
	recorded []store.Record
}

// send stores a wave's mail, each message a second after the one before.
func (g *rig) send(w *wave) *wave {
	g.t.Helper()
	if w.was == 0 {
		w.was = verdict.Clean
	}
	if w.tenant == "" {
		w.tenant = storetest.Contoso
	}
	for i := range w.n {
		g.now = g.now.Add(time.Second)
		rec := g.mail(w.tenant, w.was, func(r *store.Record) {
			r.Sender = strings.ReplaceAll(w.from, "%d", fmt.Sprint(i))
			r.From = r.Sender
			if kind, value, some := strings.Cut(w.carries, "="); some {
				r.Variants[0].Verdict.Indicators = []verdict.Indicator{{Kind: kind, Value: value}}
			}
			if w.edit != nil {
				w.edit(r)
			}
		})
		g.saying(rec, w.will)
		says := g.says[rec.ID]
		says.Review = w.review
		g.says[rec.ID] = says
		w.recorded = append(w.recorded, rec)
	}
	return w
}

// changed is how many of a wave's messages have the new verdict.
func (g *rig) changed(w *wave) (n int) {
	g.t.Helper()
	for _, rec := range w.recorded {
		if g.get(rec).Verdict.Disposition == w.will {
			n++
		}
	}
	return n
}

// waiting are the rescans that hold something of a tenant's.
func (g *rig) waiting(tenant string) (list []store.Rescan) {
	for _, one := range g.held(tenant) {
		if one.State != store.RescanWaiting {
			g.t.Errorf("rescan %s of %s is %s", one.ID, one.Holds, one.State)
		}
		list = append(list, one)
	}
	return list
}

// Whatever an outsider sends that a new version judges otherwise, another one's mail that became MALICIOUS is judged
// so, and he who is told lets the rest pass by one word.
func TestSchedule_nothingThatIsSentHoldsOthers(t *testing.T) {
	bulk := func(n int) *wave { return &wave{n: n, from: "news%d@news%d.example", will: verdict.Bulk} }
	own := config.Actions{verdict.Malicious: {Action: config.SoftDelete}, verdict.Spam: {Action: config.Junk}}
	same := strings.Repeat("ab", 32)
	for name, c := range map[string]struct {
		fill    *wave
		actions config.Actions
		most    int // of these that are changed before a person says so
	}{
		"mail that becomes BULK":       {bulk(60), nil, 20},
		"mail that becomes SPAM":       {&wave{n: 60, from: "a%d@a%d.example", will: verdict.Spam}, nil, 20},
		"mail that becomes SUSPICIOUS": {&wave{n: 60, from: "a%d@a%d.example", will: verdict.Suspicious}, nil, 20},
		"mail that is left to a person": {&wave{n: 60, from: "a%d@a%d.example", will: verdict.Suspicious,
			review: verdict.ReviewConversation}, nil, 20},
		"mail to outsiders alone": {&wave{n: 60, from: "a%d@a%d.example", will: verdict.Malicious,
			edit: func(r *store.Record) { r.Recipients[0].Address = "bob@elsewhere.example" }}, nil, 20},
		"mail of which no first-hand report tells": {&wave{n: 60, from: "a%d@a%d.example", will: verdict.Malicious,
			edit: func(r *store.Record) { r.FirstHand, r.Variants[0].FirstHand = false, false }}, nil, 20},
		"mail that was bad, and is not any more": {&wave{n: 60, from: "a%d@a%d.example", was: verdict.Malicious,
			will: verdict.Clean}, nil, 20},
		"bad mail of one domain":   {&wave{n: 60, from: "a%d@sub%d.evil.example", will: verdict.Malicious}, nil, 10},
		"bad mail of one address":  {&wave{n: 60, from: "evil.one@gmail.com", will: verdict.Malicious}, nil, 10},
		"bad mail with one link":   {&wave{n: 60, from: "a%d@a%d.example", will: verdict.Malicious, carries: "url=https://evil.example/login"}, nil, 10},
		"bad mail with one file":   {&wave{n: 60, from: "a%d@a%d.example", will: verdict.Malicious, carries: "sha256=" + same}, nil, 10},
		"mail that goes to junk":   {&wave{n: 60, from: "a%d@evil.example", will: verdict.Spam}, own, 10},
		"mail that goes from junk": {&wave{n: 60, from: "a%d@evil.example", was: verdict.Spam, will: verdict.Bulk}, own, 10},
		"mail that goes on from junk": {&wave{n: 60, from: "a%d@evil.example", was: verdict.Spam,
			will: verdict.Malicious}, own, 10},
	} {
		t.Run(name, func(t *testing.T) {
			g := started(t)
			if c.actions != nil {
				g.actions = c.actions
			}
			fill := g.send(c.fill)
			others := g.send(&wave{n: 5, from: "b%d@other.example", will: verdict.Malicious})
			elsewhere := g.send(&wave{n: 5, tenant: storetest.Fabrikam, from: "b%d@other.example", will: verdict.Malicious})
			g.rules = "2"
			g.pass(30 * time.Minute)
			if n := g.changed(others); n != 5 {
				t.Errorf("of the others' mail %d are MALICIOUS, want 5", n)
			}
			if n := g.changed(elsewhere); n != 5 {
				t.Errorf("of another tenant's mail %d are MALICIOUS, want 5", n)
			}
			if n := g.changed(fill); n != c.most {
				t.Errorf("%d were changed without a person, want %d", n, c.most)
			}
			list := g.waiting(storetest.Contoso)
			if len(list) != 1 || len(g.waiting(storetest.Fabrikam)) != 0 {
				t.Fatalf("there wait %+v", list)
			}
			if !slices.Equal(g.notices(), []string{"rejudge.waiting"}) || g.Waiting(storetest.Contoso) == "" ||
				g.Waiting(storetest.Fabrikam) != "" {
				t.Errorf("told are %v", g.notices())
			}
			least := len(fill.recorded) - c.most
			if n := counted(list[0]); n < least || n > least+5 || len(list[0].Samples) == 0 {
				t.Errorf("a person is shown %d changes, %v", n, list[0].Samples)
			}
			if one := g.approve(list[0]); one.State != store.RescanCompleted {
				t.Errorf("approved it is %s: %s", one.State, one.Why)
			}
			if n := g.changed(fill); n != len(fill.recorded) {
				t.Errorf("%d were changed when a person had approved", n)
			}
			if len(g.notices()) != 0 || g.Waiting(storetest.Contoso) != "" {
				t.Errorf("told are still %v", g.notices())
			}
		})
	}
}

// The limit in all stands above the campaigns: who looks like many can be many wrongly hit, too.
func TestSchedule_limitInAll(t *testing.T) {
	g := started(t)
	many := g.send(&wave{n: 60, from: "a%d@a%d.example", will: verdict.Malicious})
	bulk := g.send(&wave{n: 5, from: "news@news.example", will: verdict.Bulk})
	good := g.send(&wave{n: 5, from: "partner@partner.example", was: verdict.Malicious, will: verdict.Clean})
	g.rules = "2"
	g.pass(48 * time.Hour)
	if n := g.changed(many); n != 20 {
		t.Errorf("%d verdicts were replaced, want 20", n)
	}
	if g.changed(bulk) != 5 || g.changed(good) != 5 {
		t.Errorf("of those that take nothing %d and %d were replaced", g.changed(bulk), g.changed(good))
	}
	if list := g.waiting(storetest.Contoso); len(list) != 1 || list[0].Holds != everything ||
		list[0].Changes["CLEAN to MALICIOUS"] != 40 {
		t.Errorf("there waits %+v", list)
	}
}

// Of a tenant with much mail more is let through, and a campaign has its part of that; a tenant can set that part, or
// have none.
func TestSchedule_partOfACampaign(t *testing.T) {
	for name, c := range map[string]struct {
		percent float64
		want    int
	}{"the half": {0, 10}, "a quarter": {25, 5}, "no part": {config.Off, 20}} {
		t.Run(name, func(t *testing.T) {
			g := started(t)
			g.percent = c.percent
			one := g.send(&wave{n: 60, from: "a%d@evil.example", will: verdict.Malicious})
			g.rules = "2"
			g.pass(time.Hour)
			if n := g.changed(one); n != c.want {
				t.Errorf("%d were changed, want %d", n, c.want)
			}
		})
	}
}

// What a person has said of what is held stands through a restart, and no further message of that waits again.
func TestSchedule_wordOnWhatIsHeld(t *testing.T) {
	for _, word := range []string{"approve", "cancel"} {
		t.Run(word, func(t *testing.T) {
			g := started(t)
			one := g.send(&wave{n: 30, from: "a%d@evil.example", will: verdict.Malicious})
			g.now = g.now.Add(4 * time.Minute)
			late := g.send(&wave{n: 30, from: "a%d@evil.example", will: verdict.Malicious})
			g.rules = "2"
			g.now = g.now.Add(90 * time.Second) // the first are judged again, the others are not yet
			g.settle()
			g.open()
			list := g.waiting(storetest.Contoso)
			if len(list) != 1 || g.changed(one) != 10 || g.changed(late) != 0 {
				t.Fatalf("%d and %d are changed, %+v waits", g.changed(one), g.changed(late), list)
			}
			want := 60
			if word == "approve" {
				g.approve(list[0])
			} else {
				want = 10
				_, err := g.Cancel(t.Context(), "bert", list[0].ID, "")
				must(t, err)
			}
			g.open()
			g.pass(48 * time.Hour)
			if n := g.changed(one) + g.changed(late); n != want {
				t.Errorf("%d are changed, want %d", n, want)
			}
			if list := g.waiting(storetest.Contoso); len(list) != 0 || len(g.notices()) != 0 {
				t.Errorf("there waits %+v, told are %v", list, g.notices())
			}
		})
	}
}

// What a version has left waiting is counted anew by the next one, which alone can be approved, however long ago the
// messages came; where that says the same as before there is nothing to approve.
func TestSchedule_heldByAnEarlierVersion(t *testing.T) {
	for _, agrees := range []bool{true, false} {
		t.Run(fmt.Sprint(agrees), func(t *testing.T) {
			g := started(t)
			one := g.send(&wave{n: 30, from: "a%d@evil.example", will: verdict.Malicious})
			g.rules = "2"
			g.pass(48 * time.Hour)
			if !agrees {
				for _, rec := range one.recorded {
					g.saying(rec, g.get(rec).Verdict.Disposition)
				}
			}
			before := g.changed(one)
			g.rules = "3"
			g.pass(time.Hour)
			list := g.waiting(storetest.Contoso)
			if !agrees {
				if len(list) != 0 || len(g.notices()) != 0 || g.changed(one) != before {
					t.Fatalf("there waits %+v, told are %v, %d are changed", list, g.notices(), g.changed(one))
				}
				return
			}
			if len(list) != 1 || before != 10 {
				t.Fatalf("%d are changed, there waits %+v", before, list)
			}
			g.approve(list[0])
			if n := g.changed(one); n != 30 {
				t.Errorf("%d are changed", n)
			}
		})
	}
}

// Each campaign waits by itself, so that one of them can be approved; there is a bound on how many do.
func TestSchedule_campaignsWaitApart(t *testing.T) {
	g := started(t)
	g.Runner.o.Brake.Messages, g.Runner.o.Brake.From = 1000, 1000
	g.percent = 1
	var waves []*wave
	for n := range maxHolds + 3 {
		waves = append(waves, g.send(&wave{n: 12, from: fmt.Sprintf("a@evil%d.example", n), will: verdict.Malicious}))
	}
	g.rules = "2"
	g.pass(time.Hour)
	list := g.waiting(storetest.Contoso)
	if len(list) != maxHolds+1 {
		t.Fatalf("there wait %d", len(list))
	}
	i := slices.IndexFunc(list, func(one store.Rescan) bool { return one.Holds == "sender:evil2.example" })
	if i < 0 {
		t.Fatalf("there wait %+v", list)
	}
	g.approve(list[i])
	for n, w := range waves {
		if want := map[bool]int{true: 12, false: 10}[n == 2]; g.changed(w) != want {
			t.Errorf("of campaign %d %d are changed, want %d", n, g.changed(w), want)
		}
	}
	if _, err := g.Start(t.Context(), Order{Who: "ada", Tenant: storetest.Contoso}); err != nil {
		t.Errorf("what waits keeps a person from a rescan of his own: %v", err)
	}
}

// A campaign that no search finds is held with everything: what it has is not lost from sight.
func TestSchedule_campaignThatNoSearchFinds(t *testing.T) {
	g := started(t)
	odd := g.send(&wave{n: 30, from: "<x>@gmail.com", will: verdict.Malicious})
	g.rules = "2"
	g.pass(time.Hour)
	list := g.waiting(storetest.Contoso)
	if len(list) != 1 || list[0].Holds != everything {
		t.Fatalf("there waits %+v", list)
	}
	g.approve(list[0])
	if n := g.changed(odd); n != 30 {
		t.Errorf("%d are changed", n)
	}
}

// A tenant whose schedule is switched off has nothing that waits.
func TestSchedule_switchedOffWhileItWaits(t *testing.T) {
	g := started(t)
	g.send(&wave{n: 30, from: "a%d@evil.example", will: verdict.Malicious})
	g.rules = "2"
	g.pass(time.Hour)
	g.off = true
	g.settle()
	if list := g.waiting(storetest.Contoso); len(list) != 0 || len(g.notices()) != 0 {
		t.Errorf("there waits %+v, told are %v", list, g.notices())
	}
}

// In dry-run nothing is taken: what would be counts as what has no effect, and is bounded by itself.
func TestSchedule_brakeOfADryRun(t *testing.T) {
	g := started(t)
	g.mode = "dry-run"
	one := g.send(&wave{n: 60, from: "a%d@evil.example", will: verdict.Malicious})
	g.rules = "2"
	g.pass(time.Hour)
	if n := g.changed(one); n != 20 {
		t.Errorf("%d were changed, want 20", n)
	}
}
