package admission

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"clawback/config"
	"clawback/queue"
)

// fixture is a Control over a queue that holds what a test says.
type fixture struct {
	*Control
	mu      sync.Mutex
	held    map[queue.Source]queue.Usage
	now     time.Time
	reached []string
	asked   [][]byte // headers
}

func (f *fixture) Usage(of queue.Source) queue.Usage {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.held[of]
}

// Attributed believes what says so.
func (f *fixture) Attributed(_ queue.Envelope, header []byte) bool {
	f.asked = append(f.asked, header)
	return strings.Contains(string(header), "X-OriginatorOrg: contoso")
}

func limits() config.Quarantine {
	return config.Quarantine{PostmasterBytes: 10_000, PostmasterMessages: 5, UnattributedBytes: 100_000, UnattributedMessages: 10}
}

func newFixture() *fixture {
	f := &fixture{held: map[queue.Source]queue.Usage{}, now: time.Unix(1_800_000_000, 0)}
	f.Control = New(Options{Limits: limits(), Queue: f, Attributor: f, Now: func() time.Time { return f.now },
		Reached: func(s Standing) { f.reached = append(f.reached, s.String()) }})
	return f
}

func env(tenant string, purpose queue.Purpose, network string) queue.Envelope {
	return queue.Envelope{Tenant: tenant, Purpose: purpose, Network: network}
}

// from is an envelope from the n-th network.
func from(e queue.Envelope, n int) queue.Envelope {
	e.Remote = fmt.Sprintf("192.%d.%d.7:2525", n/256, n%256)
	return e
}

// hold lets the queue hold so many messages of a source, in quarantine.
func (f *fixture) hold(e queue.Envelope, n int, bytes int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := queue.Count{Count: n, Bytes: bytes}
	f.held[e.Source()] = queue.Usage{Unfinished: c, Quarantined: c}
}

// send sends a whole message.
func (f *fixture) send(e queue.Envelope, text string) error {
	m, err := f.Begin(e)
	if err != nil {
		return err
	}
	if err = m.Add([]byte(text)); err == nil {
		err = m.Check()
	}
	m.End(err == nil)
	return err
}

const (
	report = "X-OriginatorOrg: contoso.example\r\nSubject: x\r\n\r\nbody"
	forged = "X-OriginatorOrg: evil.example\r\nSubject: x\r\n\r\nX-OriginatorOrg: contoso.example\r\n\r\n"
)

var (
	postmaster = env("", queue.ForPostmaster, "")
	stranger   = env("t1", queue.ForJournal, "")
	exchange   = env("t1", queue.ForJournal, "exchange-online")
)

// Each source has a quota of its own: who fills one fills no other.
func TestAdmit_nobodyFillsAnothersQuota(t *testing.T) {
	all := []queue.Envelope{
		postmaster, env("", queue.ForPostmaster, "exchange-online"), stranger, exchange, env("t2", queue.ForJournal, ""),
		env("t2", queue.ForJournal, "exchange-online"), env("t1", queue.ForRecovery, ""), env("t1", queue.ForRecovery, "exchange-online"),
		env("t1", queue.ForSubmission, ""), env("t1", queue.ForSubmission, "exchange-online"), env("t1", queue.ForJournal, "office"),
	}
	for _, full := range all {
		f := newFixture()
		f.hold(full, 1000, 1<<30)
		for _, other := range all {
			err := f.send(other, forged)
			if other.Source() == full.Source() {
				if !errors.Is(err, ErrQuota) || !errors.Is(err, syscall.EDQUOT) {
					t.Errorf("%v is full, and a message that is not attributed is answered %v", full.Source(), err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%v is full, and so %v is refused: %v", full.Source(), other.Source(), err)
			}
		}
	}
}

// A report that is attributed is never refused, whatever fills the quota of its network.
func TestCheck_attributedReportsHaveNoQuota(t *testing.T) {
	f := newFixture()
	f.hold(exchange, 1000, 1<<30)
	if err := f.Admit(exchange); err != nil {
		t.Errorf("Admit: %v", err)
	}
	for range 100 {
		if err := f.send(exchange, report); err != nil {
			t.Fatalf("Exchange's own report: %v", err)
		}
	}
	for _, text := range []string{
		forged, "", "X-OriginatorOrg: contoso.example\r\n", // no end of the header
		"Subject: x\n\nX-OriginatorOrg: contoso.example\r\n\r\n", // it ends before
		"Subject: " + strings.Repeat("x", maxHeader) + "\r\nX-OriginatorOrg: contoso.example\r\n\r\n",
	} {
		if err := f.send(exchange, text); !errors.Is(err, ErrQuota) {
			t.Errorf("%.60q is accepted beyond the quota: %v", text, err)
		}
	}
	if len(f.reached) != 5 {
		t.Errorf("told %d times of 5 refusals", len(f.reached))
	}
	for _, header := range f.asked {
		if len(header) > maxHeader {
			t.Errorf("a header of %d bytes was kept", len(header))
		}
	}
}

// The header is seen too when it comes in pieces of any size.
func TestCheck_headerInPieces(t *testing.T) {
	f := newFixture()
	f.hold(exchange, 1000, 1<<30)
	for size := 1; size < len(report); size++ {
		m, err := f.Begin(exchange)
		if err != nil {
			t.Fatal(err)
		}
		for rest := report; rest != ""; {
			n := min(size, len(rest))
			if err := m.Add([]byte(rest[:n])); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if err := m.Check(); err != nil {
			t.Errorf("in pieces of %d: %v", size, err)
		}
		m.End(true)
	}
}

// Of a message that is inspected the header is kept, and nothing of the body behind it.
func TestAdd_keepsTheHeaderAlone(t *testing.T) {
	f := newFixture()
	f.hold(exchange, 1000, 1<<30)
	for _, size := range []int{1, 7, 1000, 1 << 20} {
		m, err := f.Begin(exchange)
		if err != nil {
			t.Fatal(err)
		}
		text := report + strings.Repeat("body\r\n\r\n", 20_000)
		for rest := text; rest != ""; {
			n := min(size, len(rest))
			if err := m.Add([]byte(rest[:n])); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if want := strings.Index(report, "body"); len(m.header) != want || cap(m.header) > 2*want {
			t.Errorf("in pieces of %d: %d bytes are kept in %d, of a header of %d", size, len(m.header), cap(m.header),
				want)
		}
		if err := m.Check(); err != nil {
			t.Errorf("in pieces of %d: %v", size, err)
		}
		m.End(true)
	}
}

// Below its quota nothing is looked at.
func TestCheck_belowTheQuotaTheHeaderIsNotRead(t *testing.T) {
	f := newFixture()
	f.hold(exchange, 9, 99_999)
	if err := f.send(exchange, forged); err != nil || len(f.asked) > 0 {
		t.Errorf("%v; asked %d times", err, len(f.asked))
	}
}

// Many messages at once pass the quota no further than one after another do.
func TestBegin_countsWhatIsOnItsWay(t *testing.T) {
	f := newFixture()
	f.hold(stranger, 4, 0)
	var open []*Message
	for n := range 200 {
		m, err := f.Begin(from(stranger, n))
		if err != nil {
			continue
		}
		open = append(open, m)
	}
	if len(open) != 6 {
		t.Errorf("%d messages are on their way beside 4, of 10", len(open))
	}
	total := 0
	for range 100 {
		for _, m := range open {
			if m.Add(make([]byte, 1000)) == nil {
				total += 1000
			}
		}
	}
	if total > 100_000 || total < 80_000 {
		t.Errorf("%d bytes were accepted of 100,000", total)
	}
	for _, m := range open {
		m.End(false)
		m.End(false)
	}
	if _, err := f.Begin(stranger); err != nil {
		t.Errorf("after all have gone: %v", err)
	}
}

// Mail for postmaster that does not wait, because it is sent on, has the quota of a day: its bytes stay on the disk.
func TestBegin_aDaysQuota(t *testing.T) {
	for _, e := range []queue.Envelope{postmaster, env("t1", queue.ForSubmission, ""), env("t1", queue.ForRecovery, "")} {
		f := newFixture()
		most := 10
		if e.Purpose == queue.ForPostmaster {
			most = 5
		}
		accepted := func() (n int) {
			for network := range 100 {
				if f.send(from(e, network), "x") == nil {
					n++
				}
			}
			return n
		}
		if got := accepted(); got != most {
			t.Errorf("%s: %d at once, want %d", e.Purpose, got, most)
		}
		f.now = f.now.Add(12 * time.Hour)
		if got := accepted(); got < most/2 || got > most/2+1 {
			t.Errorf("%s: %d after half a day, want half of %d", e.Purpose, got, most)
		}
		f.now = f.now.Add(100 * 24 * time.Hour)
		if got := accepted(); got != most {
			t.Errorf("%s: %d after a long time, want %d", e.Purpose, got, most)
		}
	}
	f := newFixture() // reports stay in quarantine until a person has looked: no day's quota
	for n := range 100 {
		if err := f.send(from(stranger, n), "x"); err != nil {
			t.Fatal(err)
		}
	}
}

// One network gets half of a quota, the next one half of what is left, and so on: whoever comes new is accepted, until
// nothing is left. What it has used runs out in a day.
func TestBegin_networksHaveShares(t *testing.T) {
	for _, e := range []queue.Envelope{postmaster, stranger, env("t1", queue.ForRecovery, "exchange-online"), env("t1", queue.ForRecovery, ""),
		env("t1", queue.ForSubmission, "")} {
		f := newFixture()
		l := limits()
		l.PostmasterMessages, l.UnattributedMessages = 100, 100
		f.SetLimits(l)
		waiting := 0
		noisy := func(n int) (accepted int) {
			for range 300 {
				if f.send(from(e, n), "x") == nil {
					accepted++
					waiting++
					f.hold(e, waiting, 0)
				}
			}
			return accepted
		}
		for n, want := range []int{50, 25, 13, 6} {
			if got := noisy(n); got != want {
				t.Errorf("%s: network %d has %d accepted, want %d", e.Purpose, n, got, want)
			}
		}
		if last := f.reached[len(f.reached)-1]; !strings.Contains(last, "from 192.0.3.0/24") {
			t.Errorf("told: %s", last)
		}
		if err := f.send(from(e, 9), "x"); err != nil {
			t.Errorf("%s: a network that has sent nothing: %v", e.Purpose, err)
		}
		f.hold(e, 0, 0) // a person has looked
		f.now = f.now.Add(24 * time.Hour)
		waiting = 0
		if got := noisy(0); got != 50 {
			t.Errorf("%s: a day later %d are accepted", e.Purpose, got)
		}
	}
}

// Bytes have shares too, also of messages that arrive at once and are given up.
func TestAdd_networksHaveShares(t *testing.T) {
	f := newFixture()
	var open []*Message
	for range 4 {
		m, err := f.Begin(from(stranger, 1))
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, m)
	}
	sent := 0
	for n := 0; open[n%4].Add(make([]byte, 1000)) == nil; n++ {
		sent += 1000
	}
	if sent < 49_000 || sent > 51_000 {
		t.Errorf("one network has sent %d bytes of 100,000", sent)
	}
	m, err := f.Begin(from(stranger, 2))
	if err != nil || m.Add(make([]byte, 10_000)) != nil {
		t.Errorf("another network's: %v", err)
	}
	for _, m := range append(open, m) {
		m.End(false)
	}
	m, err = f.Begin(from(stranger, 1))
	if err != nil || m.Add(make([]byte, 40_000)) != nil {
		t.Errorf("when all is given up: %v", err)
	}
}

// What users report has no quota where it comes from the organisation, whoever else sends there; what does not has that
// of a day, since it waits for nobody.
func TestCheck_unprovenSubmissionsHaveADaysQuota(t *testing.T) {
	e := env("t1", queue.ForSubmission, "exchange-online")
	f := newFixture()
	accepted := func(text string) (n int) {
		for range 30 {
			if f.send(e, text) == nil {
				n++
			}
		}
		return n
	}
	if got := accepted(forged); got != 10 {
		t.Errorf("%d unproven ones are accepted, want 10", got)
	}
	if got := accepted(report); got != 30 {
		t.Errorf("%d of 30 of the organisation are accepted", got)
	}
	f.now = f.now.Add(12 * time.Hour)
	if got := accepted(forged); got != 5 {
		t.Errorf("%d after half a day, want 5", got)
	}
	f.now = f.now.Add(48 * time.Hour)
	var open []*Message
	for range 30 {
		m, err := f.Begin(e)
		if err != nil {
			t.Fatal(err)
		}
		if m.Add([]byte(forged)) == nil && m.Check() == nil {
			open = append(open, m)
		}
	}
	if len(open) != 10 {
		t.Errorf("%d at once, want 10", len(open))
	}
	for _, m := range open {
		m.End(false)
	}
	if got := accepted(forged); got != 10 {
		t.Errorf("%d when none of these was accepted after all, want 10", got)
	}
}

// However many networks there are, so many are remembered.
func TestPeers_areBounded(t *testing.T) {
	f := newFixture()
	l := limits()
	l.UnattributedMessages = 1 << 30
	f.SetLimits(l)
	for n := range maxPeers + 500 {
		if err := f.send(from(stranger, n), "x"); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(f.sources[stranger.Source()].peers); n > maxPeers+1 {
		t.Errorf("%d networks are remembered", n)
	}
	for remote, want := range map[string]string{"192.0.2.7:25": "192.0.2.0/24", "[2001:db8:1:2::3]:25": "2001:db8:1::/48",
		"[::ffff:192.0.2.7]:25": "192.0.2.0/24", "[fe80::1%eth0]:25": "fe80::/48", "pipe": "invalid Prefix"} {
		if got := networkOf(queue.Envelope{Remote: remote}).String(); got != want {
			t.Errorf("%s is of %s, want %s", remote, got, want)
		}
	}
}

func TestStandings(t *testing.T) {
	f := newFixture()
	f.hold(stranger, 10, 5)
	f.hold(exchange, 5, 100)
	m, err := f.Begin(postmaster)
	if err != nil {
		t.Fatal(err)
	}
	defer m.End(false)
	list := f.Standings(f.held)
	if len(list) != 3 || list[0].Purpose != queue.ForPostmaster || list[0].Reached() || list[0].Messages != 1 ||
		!list[1].Reached() || list[1].Share() != 1 || list[2].Share() != 0.5 {
		t.Errorf("%+v", list)
	}
	l := limits()
	l.UnattributedMessages = 20
	f.SetLimits(l)
	if err := f.Admit(stranger); err != nil {
		t.Errorf("with a higher limit: %v", err)
	}
	if err := f.Admit(queue.Envelope{}); err != nil {
		t.Errorf("at MAIL: %v", err)
	}
}

func TestMessages_atOnce(t *testing.T) {
	f := newFixture()
	f.Control.o.Reached = func(Standing) {}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 200 {
				if m, err := f.Begin(stranger); err == nil {
					m.Add([]byte("x"))
					m.End(true)
				}
			}
		})
	}
	group.Wait()
	if s := f.standing(stranger); s.Messages != 0 || s.Bytes != 0 {
		t.Errorf("left: %+v", s)
	}
}
