package rejudge

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"clawback/store"
	"clawback/store/storetest"
	"clawback/verdict"
)

// swept is a rig without a schedule, with some messages of which the second version says otherwise.
func swept(t *testing.T, bad int) (*rig, []store.Record) {
	t.Helper()
	g := newRig(t)
	g.cfg.After = nil
	var list []store.Record
	for range bad {
		list = append(list, g.saying(g.mail(storetest.Contoso, verdict.Clean, nil), verdict.Malicious))
	}
	g.saying(g.mail(storetest.Contoso, verdict.Spam, nil), verdict.Spam)
	g.saying(g.mail(storetest.Contoso, verdict.Malicious, nil), verdict.Clean)
	g.mail(storetest.Contoso, verdict.Clean, nil) // not kept any more
	g.saying(g.mail(storetest.Fabrikam, verdict.Clean, nil), verdict.Malicious)
	g.rules = "2"
	g.saying(g.mail(storetest.Contoso, verdict.Clean, nil), verdict.Malicious) // by this version already
	return g, list
}

func (g *rig) rescan(o Order) store.Rescan {
	g.t.Helper()
	one, err := g.Start(g.t.Context(), o)
	must(g.t, err)
	g.settle()
	return g.rescanNow(one)
}

func (g *rig) rescanNow(one store.Rescan) store.Rescan {
	g.t.Helper()
	one, err := g.Rescan(one.ID)
	must(g.t, err)
	return one
}

func (g *rig) approve(one store.Rescan) store.Rescan {
	g.t.Helper()
	_, err := g.Approve(g.t.Context(), "bert", one.ID, "")
	must(g.t, err)
	g.settle()
	return g.rescanNow(one)
}

// The first rescan by a version counts, and replaces nothing before a person approves; then it replaces what it has
// counted, and nothing else.
func TestRescan_countsThenReplaces(t *testing.T) {
	for _, dry := range []bool{false, true} {
		t.Run(fmt.Sprintf("dry %v", dry), func(t *testing.T) {
			g, bad := swept(t, 5)
			one := g.rescan(Order{Who: "ada", Tenant: storetest.Contoso, DryRun: dry})
			state := map[bool]store.RescanState{true: store.RescanCompleted, false: store.RescanWaiting}[dry]
			if one.State != state || one.Total != 9 || one.Seen != 9 || one.Same != 1 || one.Gone != 1 ||
				one.Read != 7 ||
				one.Changes["CLEAN to MALICIOUS"] != 5 || one.Changes["MALICIOUS to CLEAN"] != 1 ||
				len(one.Changes) != 2 {
				t.Errorf("it counted %+v", one)
			}
			if len(one.Samples) != alike+1 || one.Samples[0].Why == "" || one.Samples[0].Record == "" {
				t.Errorf("samples %+v", one.Samples)
			}
			if told := g.notices(); dry && len(told) > 0 || !dry && !slices.Equal(told, []string{"rescan.waiting"}) {
				t.Errorf("told are %v", told)
			}
			if g.changes() != 0 || len(g.planned) != 0 {
				t.Fatal("it replaced verdicts before it was approved")
			}
			one = g.approve(one)
			if one.State != store.RescanCompleted || one.Replaced != 6 || one.Approved != "bert" || g.changes() != 6 {
				t.Errorf("it replaced %d, by the audit %d: %+v", one.Replaced, g.changes(), one)
			}
			for i, rec := range bad {
				g.wants(fmt.Sprint(i), rec, verdict.Malicious)
			}
			if len(g.notices()) > 0 {
				t.Errorf("told are still %v", g.notices())
			}
		})
	}
}

// By a version that a person has approved a rescan acts at once, unless it would change too much.
func TestRescan_byAnApprovedVersion(t *testing.T) {
	for n, want := range map[int]store.RescanState{20: store.RescanCompleted, 21: store.RescanWaiting} {
		g, _ := swept(t, 1)
		g.approve(g.rescan(Order{Who: "ada", Tenant: storetest.Contoso}))
		g.rules = "1"
		for range n {
			g.saying(g.mail(storetest.Contoso, verdict.Clean, nil), verdict.Malicious)
		}
		g.rules = "2"
		one := g.rescan(Order{Who: "ada", Tenant: storetest.Contoso})
		if one.State != want || want == store.RescanCompleted && one.Replaced != n {
			t.Errorf("%d changes: it is %s, %d replaced: %s", n, one.State, one.Replaced, one.Why)
		}
		other := g.rescan(Order{Who: "ada", Tenant: storetest.Fabrikam})
		if other.State != store.RescanWaiting {
			t.Errorf("another tenant's is %s", other.State)
		}
	}
}

// Rules that have changed since it counted are not approved with it.
func TestRescan_anotherVersionIsRefused(t *testing.T) {
	g, bad := swept(t, 2)
	one := g.rescan(Order{Who: "ada", Tenant: storetest.Contoso})
	g.rules = "3"
	if _, err := g.Approve(t.Context(), "bert", one.ID, ""); err == nil {
		t.Error("it was approved")
	}
	g.settle()
	g.wants("not approved", bad[0], verdict.Clean)
}

// A message that only now fits the search does not come in by an approval of others: more than was counted waits.
func TestRescan_moreThanWasCountedWaits(t *testing.T) {
	g, _ := swept(t, 2)
	one := g.rescan(Order{Who: "ada", Tenant: storetest.Contoso})
	g.rules = "1"
	for range 40 {
		g.saying(g.mail(storetest.Contoso, verdict.Clean, nil), verdict.Malicious)
	}
	g.rules = "2"
	one = g.approve(one)
	if one.State != store.RescanWaiting || one.Replaced != counted(one)+20 || g.changes() != one.Replaced {
		t.Errorf("it is %s, and has replaced %d of %d", one.State, one.Replaced, counted(one))
	}
}

// A pause holds through a restart, and a rescan goes on where it stood. A cancelled one replaces nothing more.
func TestRescan_pauseRestartResumeCancel(t *testing.T) {
	g, bad := swept(t, 3)
	for n := range 2 * page {
		g.now = g.now.Add(time.Second)
		rec := g.mail(storetest.Contoso, verdict.Clean, func(r *store.Record) { r.Variants[0].Verdict.Rules = "1" })
		if n%2 == 0 {
			g.saying(rec, verdict.Clean)
		}
	}
	one, err := g.Start(t.Context(), Order{Who: "ada", Tenant: storetest.Contoso})
	must(t, err)
	_, err = g.step(t.Context())
	must(t, err)
	_, err = g.Pause(t.Context(), "ada", one.ID, "")
	must(t, err)
	g.open()
	g.settle()
	if one = g.rescanNow(one); one.Seen != page || one.State != store.RescanCounting || one.Paused != "ada" {
		t.Fatalf("paused it is %+v", one)
	}
	_, err = g.Resume(t.Context(), "ada", one.ID, "")
	must(t, err)
	g.settle()
	if one = g.rescanNow(one); one.Seen != 2*page+7 || one.State != store.RescanWaiting || one.Gone != page+1 {
		t.Fatalf("resumed it is %+v", one)
	}
	_, err = g.Cancel(t.Context(), "ada", one.ID, "")
	must(t, err)
	if _, err = g.Approve(t.Context(), "ada", one.ID, ""); err == nil {
		t.Error("a cancelled one was approved")
	}
	if _, err = g.Resume(t.Context(), "ada", one.ID, ""); err == nil {
		t.Error("a cancelled one was resumed")
	}
	g.settle()
	g.wants("cancelled", bad[0], verdict.Clean)
	if len(g.notices()) > 0 {
		t.Errorf("told are still %v", g.notices())
	}
}

// The process is killed at each write in turn, while it counts and while it replaces: each verdict is replaced once.
func TestRescan_killedAnywhere(t *testing.T) {
	for after := range 16 {
		t.Run(fmt.Sprint(after), func(t *testing.T) {
			g, bad := swept(t, 3)
			one, err := g.Start(t.Context(), Order{Who: "ada", Tenant: storetest.Contoso})
			must(t, err)
			kill := func() {
				g.s.after = after
				for more := true; more; {
					if more, err = g.step(t.Context()); err != nil && !errors.Is(err, errKilled) {
						t.Fatal(err)
					} else if err != nil {
						break
					}
				}
				g.s.after = -1
				g.open()
			}
			kill()
			g.settle()
			if one = g.rescanNow(one); one.State != store.RescanWaiting || counted(one) != 4 || g.changes() != 0 {
				t.Fatalf("it is %+v", one)
			}
			_, err = g.Approve(t.Context(), "bert", one.ID, "")
			must(t, err)
			kill()
			g.settle()
			if one = g.rescanNow(one); one.State != store.RescanCompleted || g.changes() != 4 {
				t.Fatalf("it is %+v", one)
			}
			for i, rec := range bad {
				g.wants(fmt.Sprint(i), rec, verdict.Malicious)
			}
		})
	}
}

// Messages at which the process ends three times are passed over.
func TestRescan_passesOverWhatKills(t *testing.T) {
	g, bad := swept(t, 2)
	one, err := g.Start(t.Context(), Order{Who: "ada", Tenant: storetest.Contoso})
	must(t, err)
	for range tries {
		g.s.after = 1
		for err = nil; err == nil; {
			_, err = g.step(t.Context())
		}
		g.s.after = -1
		g.open()
	}
	g.settle()
	if one = g.rescanNow(one); one.State != store.RescanCompleted || one.Failed != 6 {
		t.Errorf("it is %+v", one)
	}
	g.wants("passed over", bad[0], verdict.Clean)
}

// A store that fails is no end of the process: however often it does so, no page is passed over.
func TestRescan_storeFails(t *testing.T) {
	for after := range 8 { // writes that succeed each time
		for _, scans := range []bool{false, true} {
			t.Run(fmt.Sprint(after, scans), func(t *testing.T) {
				g, bad := swept(t, 2)
				one, err := g.Start(t.Context(), Order{Who: "ada", Tenant: storetest.Contoso})
				must(t, err)
				fail := func() {
					for range 2 * tries {
						g.s.after, g.s.noScans = after, scans
						for more, err := true, error(nil); more && err == nil; {
							more, err = g.step(t.Context())
						}
					}
					g.s.after, g.s.noScans = -1, false
					g.settle()
				}
				fail()
				_, err = g.Approve(t.Context(), "ada", one.ID, "")
				must(t, err)
				fail()
				one = g.rescanNow(one)
				if one.State != store.RescanCompleted || one.Failed > 0 || one.Replaced != counted(one) ||
					one.Tries > 0 {
					t.Errorf("it is %+v", one)
				}
				for i, rec := range bad {
					g.wants(fmt.Sprint(i), rec, verdict.Malicious)
				}
			})
		}
	}
}

// A rescan that ended long ago is forgotten, one that waits is not.
func TestRescan_isForgottenInItsTime(t *testing.T) {
	g, _ := swept(t, 1)
	g.rescan(Order{Who: "ada", Tenant: storetest.Contoso, DryRun: true})
	waiting := g.rescan(Order{Who: "ada", Tenant: storetest.Contoso})
	g.now = g.now.Add(keepFor + time.Hour)
	g.settle()
	if list := g.Rescans(); len(list) != 1 || list[0].ID != waiting.ID {
		t.Errorf("kept are %+v", list)
	}
}
