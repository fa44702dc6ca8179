package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"clawback/api"
	"clawback/config"
	"clawback/intel/feed"
	"clawback/queue"
	queuememory "clawback/queue/memory"
	"clawback/retract"
	"clawback/smtpd/admission"
	"clawback/smtpd/networks"
)

// newTelling is a daemon of one tenant with nothing but what tells a person of troubles.
func newTelling(t *testing.T, f *boardOf) *daemon {
	t.Helper()
	cfg := &config.Config{Hostname: "gw.example", Region: "eu", StateDir: t.TempDir(), Tenants: []config.Tenant{{
		ID: "t1", Name: "contoso", Addresses: []config.Address{{Address: "us@gw.example", Regions: []string{"us"}}},
	}}}
	d := &daemon{cfg: cfg, log: f.board.log, board: f.board, trend: &trend{}, live: openLive(t, cfg.StateDir, cfg),
		traffic: &traffic{log: f.board.log}}
	d.live.used["gone@gw.example"] = use{tenant: "t1"}
	server := queuememory.New(func() time.Time { return f.clock })
	d.queue = server.Open(queue.Options{Owner: "test"})
	d.admission = admission.New(admission.Options{Queue: d.queue, Attributor: d, Reached: d.quotaReached})
	var err error
	if d.networks, err = networks.Open(config.Networks{URL: "https://list.example/"}, networks.Options{}); err != nil {
		t.Fatal(err)
	}
	return d
}

// raisedByOthers are kinds that other packages write into the store themselves, where their tests look for them.
var raisedByOthers = map[string]string{
	"indicator.waiting": "intel/indicator", "rejudge.waiting": "intel/rejudge", "rejudge.passed": "intel/rejudge",
	"rescan.waiting": "intel/rejudge",
}

// tells are the ways by which the parts of the daemon tell of what happens, one for each kind, and a part of the text.
var tells = map[string]struct {
	happen func(d *daemon)
	text   string
}{
	"feed.away": {func(d *daemon) {
		d.feedFailed(feed.Failure{Feed: "abuse", Code: feed.Away, Text: "answers 503", Times: awayTimes})
	}, "feed abuse is not taken: it answers 503"},
	"feed.refused": {func(d *daemon) {
		d.feedFailed(feed.Failure{Feed: "abuse", Code: feed.HTML, Text: "is a web page", Times: awayTimes})
	}, "feed abuse is not taken: it is a web page"},
	"feed.hit": {func(d *daemon) { d.feedHit(feed.Listing{Feed: "abuse"}, errors.New("there are 10,000")) },
		"what feed abuse lists"},
	"route.failing": {func(d *daemon) {
		alertTeller{d.board, d.live}.RouteFails("soc", time.Time{}, "500")
	}, "Route soc has delivered nothing"},
	"route.dropped": {func(d *daemon) { alertTeller{d.board, d.live}.RouteDrops("soc") },
		"Events for route soc were dropped"},
	"address.vanished":       {func(d *daemon) { d.recipient("gone@gw.example") }, "it is deferred"},
	"region.refused":         {func(d *daemon) { d.recipient("us@gw.example") }, "outside its regions"},
	"quota.reached_share":    {func(d *daemon) { d.quotaReached(ofQuota(queue.ForJournal)) }, "has its share"},
	"quota.postmaster_share": {func(d *daemon) { d.quotaReached(ofQuota(queue.ForPostmaster)) }, "has its share"},
	"attribution.failing":    {byAlert("attribution.failing"), "it happened"},
	"spool.damaged":          {byAlert("spool.damaged"), "it happened"},
	"score.failed":           {byAlert("score.failed"), "it happened"},
	"inspector.failed":       {byAlert("inspector.failed"), "it happened"},
	"config.restart":         {func(d *daemon) { d.alert("config.restart", "smtp") }, "smtp"},
	"config.refused":         {func(d *daemon) { d.alert("config.refused", "line 3") }, "line 3"},
	"engine.away": {func(d *daemon) {
		d.away.failed("av", d.board.now().Add(-awayLong))
		d.alertEngineAway("av", "refused")
	}, "engine beside the scorer"},
	"retract.brake":        {byEngine("brake"), "it happened"},
	"retract.auth":         {byEngine("auth"), "it happened"},
	"retract.outage":       {byEngine("outage"), "it happened"},
	"retract.internal":     {byEngine("internal"), "it happened"},
	"retract.full":         {byEngine("full"), "it happened"},
	"retract.brought_back": {byEngine("brought_back"), "it happened"},
	"retract.group":        {byEngine("group"), "it happened"},
}

func ofQuota(of queue.Purpose) admission.Standing {
	return admission.Standing{Source: queue.Source{Tenant: "t1", Purpose: of}, MaxMessages: 2, MaxBytes: 9}
}

func byAlert(kind string) func(*daemon) {
	return func(d *daemon) { d.alert(kind, "it happened", "tenant", "t1", "item", "i1", "error", "x") }
}

func byEngine(kind string) func(*daemon) {
	return func(d *daemon) { d.alertRetract(retract.Alert{Kind: kind, Tenant: "t1", Text: "it happened"}) }
}

// Each kind of trouble that happens is told once, with its age, what to do, whether it can wait, and for as long as its
// kind says. There is no kind that nobody has tried.
func TestTold_eachTroubleThatHappens(t *testing.T) {
	for kind, k := range kinds {
		way, tried := tells[kind]
		if k.state || raisedByOthers[kind] != "" {
			continue
		}
		if !tried {
			t.Errorf("nothing here tells of %s", kind)
			continue
		}
		t.Run(kind, func(t *testing.T) {
			f := newBoardOf(t)
			d := newTelling(t, f)
			way.happen(d)
			f.clock = f.clock.Add(10 * time.Minute)
			way.happen(d)
			var s api.Status
			if err := d.showNotices(t.Context(), &s); err != nil || len(s.Notices) != 1 {
				t.Fatalf("told is %+v, %v", s.Notices, err)
			}
			n := s.Notices[0]
			if n.Kind != kind || !strings.Contains(n.Text, way.text) || f.clock.Sub(n.Since) != 10*time.Minute ||
				n.Do != k.do || (n.Severity == api.Critical) != k.now || n.TenantID == "t1" != (n.Tenant == "contoso") {
				t.Errorf("told is %+v", n)
			}
			if k.event == "" {
				f.logged("alert."+kind, 1)
			}
			f.clock = f.clock.Add(max(k.lasts, 30*day) - time.Second)
			wantStands(t, f, k.lasts == 0)
			d.feedRead("abuse")
			alertTeller{d.board, d.live}.RouteDelivers("soc")
			d.alertRetract(retract.Alert{Kind: "resumed", Tenant: "t1"})
			d.board.clear(kind, "", "") // as a reload does
			wantStands(t, f, false)
		})
	}
	if rest := slices.DeleteFunc(slices.Collect(maps.Keys(tells)), func(kind string) bool {
		k, known := kinds[kind]
		return known && !k.state
	}); len(rest) > 0 {
		t.Errorf("no kinds that happen: %v", rest)
	}
}

func wantStands(t *testing.T, f *boardOf, want bool) {
	t.Helper()
	list, err := f.list(t.Context())
	if err != nil || (len(list) > 0) != want {
		t.Errorf("at %s stands %+v, %v", clock(f.clock), list, err)
	}
}

// A server of a feed's that is restarted is no trouble; one that refuses the key is at once.
func TestTold_aFeedThatIsAwayOnce(t *testing.T) {
	f := newBoardOf(t)
	d := newTelling(t, f)
	for _, code := range []feed.Code{feed.Away, feed.Slow} {
		d.feedFailed(feed.Failure{Feed: "abuse", Code: code, Text: "answers 503", Times: awayTimes - 1})
	}
	wantStands(t, f, false)
	d.feedFailed(feed.Failure{Feed: "abuse", Code: feed.Slow, Text: "does not come", Times: awayTimes})
	wantStands(t, f, true)
	d.feedRead("other")
	wantStands(t, f, true)
	d.feedRead("abuse")
	wantStands(t, f, false)
}

// What no status shows of itself but the parts beneath it: the journal's silence, quotas, the list of networks.
func TestTold_troublesOfTheParts(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *testing.T, d *daemon, now time.Time) api.Tenant
		want   string
	}{
		"nothing": {func(_ *testing.T, _ *daemon, now time.Time) api.Tenant {
			return api.Tenant{ID: "t1", Counts: api.Counts{Processed: 7, LastReport: now.Add(-2 * day)}}
		}, ""},
		"silence": {func(_ *testing.T, d *daemon, now time.Time) api.Tenant {
			d.traffic.count("t1", 7, now)
			return api.Tenant{ID: "t1", Counts: api.Counts{Processed: 7, LastReport: now.Add(-3 * day)}}
		}, "journal.silent t1: no journal report has come since 2026-10-30 09:00 UTC"},
		"a tenant without any report yet": {func(_ *testing.T, d *daemon, now time.Time) api.Tenant {
			d.traffic.count("t1", 0, now)
			return api.Tenant{ID: "t1"}
		}, ""},
		"networks": {func(t *testing.T, d *daemon, now time.Time) api.Tenant {
			refuseNetworks(t, d, now.Add(-networksOld), now.Add(-failingLong))
			return api.Tenant{ID: "t1"}
		}, "networks.stale : networks: the list of 2026-10-26 stays in use; since 2026-11-02 08:00 UTC it could not " +
			"be refreshed: "},
		"networks, one failure": {func(t *testing.T, d *daemon, now time.Time) api.Tenant {
			refuseNetworks(t, d, now.Add(-networksOld), now)
			return api.Tenant{ID: "t1"}
		}, ""},
		"quota": {func(t *testing.T, d *daemon, _ time.Time) api.Tenant {
			d.admission.SetLimits(config.Quarantine{UnattributedMessages: 1, UnattributedBytes: 1 << 20,
				PostmasterMessages: 1, PostmasterBytes: 1 << 20})
			fill(t, d, queue.Envelope{Tenant: "t1", Purpose: queue.ForJournal})
			return api.Tenant{ID: "t1"}
		}, "quota.reached t1: more is deferred of "},
		"postmaster's quota": {func(t *testing.T, d *daemon, _ time.Time) api.Tenant {
			d.admission.SetLimits(config.Quarantine{UnattributedMessages: 1, UnattributedBytes: 1 << 20,
				PostmasterMessages: 1, PostmasterBytes: 1 << 20})
			fill(t, d, queue.Envelope{Purpose: queue.ForPostmaster})
			return api.Tenant{ID: "t1"}
		}, "quota.postmaster : more is deferred of "},
		"half a quota": {func(t *testing.T, d *daemon, _ time.Time) api.Tenant {
			d.admission.SetLimits(config.Quarantine{UnattributedMessages: 2, UnattributedBytes: 1 << 20})
			fill(t, d, queue.Envelope{Tenant: "t1", Purpose: queue.ForJournal})
			return api.Tenant{ID: "t1"}
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := newBoardOf(t)
			d := newTelling(t, f)
			d.traffic = openTraffic(d.cfg.StateDir+"/traffic.json", slog.New(slog.DiscardHandler))
			s := calm(f.clock)
			s.Tenants = []api.Tenant{c.change(t, d, f.clock)}
			var got []string
			for _, n := range d.troubles(s, f.clock) {
				got = append(got, n.Kind+" "+n.Tenant+": "+n.Text)
				if k := kinds[n.Kind]; !k.state || k.do == "" {
					t.Errorf("%s is no kind that follows from the state", n.Kind)
				}
			}
			if text := strings.Join(got, "\n"); c.want == "" && text != "" || !strings.Contains(text, c.want) ||
				len(got) > 1 {
				t.Errorf("told is %q, want %q", got, c.want)
			}
		})
	}
}

// refuseNetworks gives a daemon a list of networks that was fetched at one time and cannot be since another.
func refuseNetworks(t *testing.T, d *daemon, fetched, failing time.Time) {
	t.Helper()
	const url = "https://list.example/"
	file := filepath.Join(d.cfg.StateDir, "networks", config.ExchangeOnline+".json")
	text := fmt.Sprintf(`{"fetched":%q,"url":%q,"list":[{"id":10,"serviceArea":"Exchange",
		"urls":["*.mail.protection.outlook.com"],"ips":["40.92.0.0/15"],"tcpPorts":"25"}]}`, fetched.Format(time.RFC3339), url)
	err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(text), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	d.networks, err = networks.Open(config.Networks{URL: url}, networks.Options{StateDir: d.cfg.StateDir,
		Client: &http.Client{Transport: refuses{}}, Now: func() time.Time { return failing }})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.networks.Refresh(t.Context()); err == nil {
		t.Fatal("it was refreshed")
	}
}

type refuses struct{}

func (refuses) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("refused") }

// fill puts a message of a source into the queue.
func fill(t *testing.T, d *daemon, env queue.Envelope) {
	t.Helper()
	env.Rcpts = []string{"a@gw.example"}
	draft, err := d.queue.Begin(t.Context(), env, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := draft.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := draft.Commit(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
}
