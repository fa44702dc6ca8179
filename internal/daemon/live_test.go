package daemon

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/api"
	"clawback/bounce"
	"clawback/config"
	"clawback/intel/submission"
	"clawback/queue"
	"clawback/retract/exchange"
	"clawback/smtpd"
	"clawback/store"
	"clawback/store/pebble"
)

func noGraph(config.Tenant) (exchange.Mailboxes, error) { return nil, nil }

// openLive has a configuration in force over a store of its own.
func openLive(t *testing.T, dir string, cfg *config.Config) *live {
	t.Helper()
	st, err := pebble.Open(dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	l, err := newLive(t.Context(), cfg, st, liveOptions{graph: noGraph})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestRecipients_byPurpose(t *testing.T) {
	cfg := &config.Config{Hostname: "GW.example.com", Region: "eu", Tenants: []config.Tenant{{
		ID:              "t1",
		Addresses:       []config.Address{{Address: "J-1@gw.example.com"}, {Address: "j-us@us.example", Regions: []string{"us"}}},
		RecoveryAddress: "Back@gw.example.com",
		Submissions:     []config.Submission{{Address: "phish@contoso.example"}, {Mailboxes: []string{"box@contoso.example"}}},
	}}}
	known := func(p queue.Purpose) smtpd.Recipient {
		return smtpd.Recipient{Known: true, Tenant: "t1", Purpose: p, Region: "eu"}
	}
	abroad := known(queue.ForJournal)
	abroad.Refuse = "this address is not processed in this region"
	postmaster := smtpd.Recipient{Known: true, Purpose: queue.ForPostmaster}
	want := map[string]smtpd.Recipient{
		"j-1@gw.example.com":         known(queue.ForJournal),
		"j-us@us.example":            abroad,
		"back@gw.example.com":        known(queue.ForRecovery),
		"phish@contoso.example":      known(queue.ForSubmission),
		"postmaster":                 postmaster,
		"postmaster@gw.example.com":  postmaster,
		"postmaster@us.example":      postmaster,
		"postmaster@contoso.example": postmaster,
	}
	if diff := cmp.Diff(want, recipients(cfg)); diff != "" {
		t.Error(diff)
	}
}

// An address that took mail and left the configuration is put off, over a restart too, until it is retired.
func TestRecipient_usedAddressIsDeferredUntilRetired(t *testing.T) {
	dir := t.TempDir()
	with := &config.Config{Tenants: []config.Tenant{{ID: "t1", Name: "one", Addresses: []config.Address{{Address: "j@gw.example"}}}}}
	without := &config.Config{Tenants: []config.Tenant{{ID: "t1", Name: "one"}}}
	l := openLive(t, dir, with)
	retire := store.Act{Who: "ada", What: "address.retire", Object: "j@gw.example"}
	if err := l.noteUse(t.Context(), queue.Envelope{Rcpts: []string{"J@gw.example"}, Tenant: "t1"}); err != nil {
		t.Fatal(err)
	}
	if err := l.noteUse(t.Context(), queue.Envelope{Rcpts: []string{"postmaster@gw.example"}, Purpose: queue.ForPostmaster}); err != nil {
		t.Fatal(err)
	}
	if err := l.Retire(t.Context(), "j@gw.example", retire); err == nil ||
		!strings.Contains(err.Error(), "still configured") {
		t.Errorf("a configured address is retired: %v", err)
	}
	if err := l.store.Close(); err != nil {
		t.Fatal(err)
	}
	l = openLive(t, dir, without)
	if r := l.recipient("J@GW.example"); r.Known || !r.Retry {
		t.Errorf("after a restart without it: %+v", r)
	}
	list := l.Addresses()
	if i := len(list) - 1; i < 0 || list[0].Address != "j@gw.example" || list[0].Tenant != "one" ||
		list[0].Last.IsZero() || list[0].Configured {
		t.Errorf("listed as %+v", list)
	}
	if err := l.Retire(t.Context(), "J@gw.example", retire); err != nil {
		t.Fatal(err)
	}
	if r := l.recipient("j@gw.example"); r.Known || r.Retry {
		t.Errorf("retired: %+v", r)
	}
	if err := l.Retire(t.Context(), "j@gw.example", retire); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("retired twice: %v", err)
	}
	if acts, err := l.store.Audit(t.Context(), store.AuditFilter{What: retire.What}); err != nil || len(acts) != 1 {
		t.Errorf("the audit says of one that was retired and two that were not: %+v, %v", acts, err)
	}
}

// Which use of an address is made durable: the first, and then one an hour.
func TestUseUnsaved_onceAnHour(t *testing.T) {
	l := &live{used: map[string]use{}}
	now := time.Now()
	if !l.useUnsaved("a", now) {
		t.Error("the first use is not saved")
	}
	l.used["a"] = use{"t", now, now}
	for after, want := range map[time.Duration]bool{0: false, 59 * time.Minute: false, time.Hour: true} {
		if got := l.useUnsaved("a", now.Add(after)); got != want {
			t.Errorf("%s later: %v", after, got)
		}
	}
}

// A reload in which one tenant's client cannot be made changes nothing at all.
func TestReplace_allTenantsOrNone(t *testing.T) {
	l := openLive(t, t.TempDir(), &config.Config{Tenants: []config.Tenant{{ID: "t1", Name: "one"}}})
	l.newGraph = func(t config.Tenant) (exchange.Mailboxes, error) {
		if t.ID == "t3" {
			return nil, errors.New("no such cloud")
		}
		return nil, nil
	}
	err := l.replace(&config.Config{Tenants: []config.Tenant{{ID: "t2", Name: "two"}, {ID: "t3", Name: "three"}}})
	if err == nil || !strings.Contains(err.Error(), "tenant three: no such cloud") {
		t.Errorf("error %v", err)
	}
	if got := strings.Join(l.tenantIDs(), " "); got != "t1" {
		t.Errorf("in force are %s", got)
	}
}

func TestRoute_whereABounceGoes(t *testing.T) {
	relay, own := &config.Relay{Host: "relay.example"}, &config.Relay{Host: "own.example"}
	cfg := &config.Config{Relay: relay, SMTP: config.SMTP{Postmaster: "pm@a.example"}, Tenants: []config.Tenant{
		{ID: "t1", Name: "one", AlternateMailbox: "alt@a.example"},
		{ID: "t2", Name: "two", AlternateMailbox: "alt@b.example", Relay: own},
		{ID: "t3", Name: "three"},
	}}
	l := openLive(t, t.TempDir(), cfg)
	for _, c := range []struct {
		envelope queue.Envelope
		want     bounce.Route
		problem  string
	}{
		{queue.Envelope{Tenant: "t1"}, bounce.Route{To: "alt@a.example", Relay: relay}, ""},
		{queue.Envelope{Tenant: "t2"}, bounce.Route{To: "alt@b.example", Relay: own}, ""},
		{queue.Envelope{Tenant: "t3"}, bounce.Route{}, "tenant three has no alternate_mailbox"},
		{queue.Envelope{Tenant: "t4"}, bounce.Route{}, "not in the configuration any more"},
		{queue.Envelope{Purpose: queue.ForPostmaster}, bounce.Route{To: "pm@a.example", Relay: relay}, ""},
	} {
		got, err := l.route(queue.Bounce{Envelope: c.envelope})
		if got != c.want || (err == nil) != (c.problem == "") ||
			err != nil && !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%+v goes to %+v, %v", c.envelope, got, err)
		}
	}
	cfg.SMTP.Postmaster = ""
	if _, err := l.route(queue.Bounce{Envelope: queue.Envelope{Purpose: queue.ForPostmaster}}); err == nil {
		t.Error("postmaster's mail has a way out without a postmaster")
	}
}

func TestTroublesOf_whatNeedsAPerson(t *testing.T) {
	s := api.Status{
		Deferring: "no space", Disk: api.Disk{Path: "/state", Problem: "i/o error"},
		Queue: api.QueueStatus{Items: map[queue.State]api.Count{queue.Quarantined: {Count: 2}, queue.Deferred: {Count: 9}},
			Bounces: map[queue.BounceState]api.Count{queue.BounceStuck: {Count: 3}, queue.BounceWaiting: {Count: 9}}},
		Tenants: []api.Tenant{
			{ID: "t1", Counts: api.Counts{Held: 4}, Submissions: map[string]int{string(submission.Open): 1}, Stuck: 2, StuckWhy: "x"},
			{ID: "t2", Counts: api.Counts{Held: 1}, Submissions: map[string]int{string(submission.Open): 5, "dismissed": 7}},
			{ID: "t3"},
		},
	}
	want := []store.Notice{
		{Kind: "mail.deferred", Text: "new mail is deferred: no space (/state: i/o error)"},
		{Kind: "quarantine", Text: "2 in quarantine"},
		{Kind: "bounce.stuck", Text: "3 bounces are stuck"},
		{Kind: "retractions.held", Tenant: "t1", Text: "4 retractions wait for a person"},
		{Kind: "submissions.open", Tenant: "t1", Text: "1 message that users reported waits for a person"},
		{Kind: "retract.stuck", Tenant: "t1", Text: "messages that cannot be taken, tried again: 2; x"},
		{Kind: "retractions.held", Tenant: "t2", Text: "1 retraction waits for a person"},
		{Kind: "submissions.open", Tenant: "t2", Text: "5 messages that users reported wait for a person"},
	}
	if diff := cmp.Diff(want, troublesOf(s)); diff != "" {
		t.Error(diff)
	}
	for _, n := range want {
		if k := kinds[n.Kind]; !k.state || k.do == "" {
			t.Errorf("%s follows from the state, and nothing says so, or what to do", n.Kind)
		}
	}
	if got := troublesOf(api.Status{}); len(got) != 0 {
		t.Errorf("nothing is wrong, and it says %+v", got)
	}
}
