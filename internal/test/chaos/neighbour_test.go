package chaos

import (
	"context"
	"fmt"
	"time"

	"clawback/config"
	"clawback/internal/test/graphsim"
	"clawback/retract/exchange"
	"clawback/store"
	"clawback/verdict"
)

// neighbour is a second tenant of the same daemon. Graph has no bad day for it; now and then its credentials are
// refused.
type neighbour struct {
	w       *world
	cfg     *config.Tenant
	posts   []*notice
	locked  time.Time // since when its secret is refused; zero: it is good
	until   time.Time
	lockups []span
}

// span is a time during which its secret was refused.
type span struct{ from, to time.Time }

// notice is a bad message that was delivered to it and reported in the same moment.
type notice struct {
	at          time.Time
	key, record string
	to          string
}

const (
	quietSecret = "quiet-secret"
	residents   = 3
)

func (w *world) newNeighbour() *neighbour {
	t := graphsim.DefaultTenant()
	t.ID, t.Name, t.Domains, t.ClientSecret = "99999999-5555-4444-8333-222222222222", "Quiet", []string{"quiet.example"}, quietSecret
	w.sim.AddTenant(t)
	w.sim.Spare(t.ID)
	for n := range residents {
		w.sim.AddUser(graphsim.User{Tenant: t.ID, UPN: resident(n)})
	}
	cfg := *w.cfg
	cfg.Name, cfg.ID, cfg.Mode, cfg.Domains, cfg.Exempt = "quiet", t.ID, "live", t.Domains, nil
	cfg.Actions = config.Actions{verdict.Malicious: {Action: config.SoftDelete}}
	cfg.Brake = config.Brake{MailboxesPerHour: -1, MailboxesPerMail: -1, SharePercent: -1}
	cfg.Graph.ClientSecret = config.NewSecret(quietSecret)
	return &neighbour{w: w, cfg: &cfg}
}

func resident(n int) string { return fmt.Sprintf("user%d@quiet.example", n) }

// write delivers and reports a bad message.
func (n *neighbour) write() {
	to := resident(n.w.random.IntN(residents))
	l := &letter{nid: fmt.Sprintf("eeeeeeee-%04x-4000-8000-%012x", len(n.posts), n.w.random.Uint32()), verdict: verdict.Malicious,
		mid: fmt.Sprintf("<q%d@sender.example>", len(n.posts)), n: 1000 + len(n.posts), to: []person{{address: to}}}
	l.original = fmt.Sprintf("Message-ID: %s\r\nFrom: Eve <eve@sender.example>\r\nSubject: Invoice\r\n\r\nPay here: %d.\r\n", l.mid, l.n)
	m, err := n.w.sim.Deliver(graphsim.Delivery{Mailbox: to, MIME: []byte(l.original), NetworkMessageID: l.nid})
	if err != nil {
		n.w.t.Fatal(err)
	}
	n.w.reportTo(n.cfg, l)
	n.posts = append(n.posts, &notice{at: time.Now(), key: m.Key, record: l.record, to: to})
}

// lock has its secret expire, and every token with it, for up to an hour.
func (n *neighbour) lock() {
	if !n.locked.IsZero() {
		return
	}
	n.w.lockouts++
	n.w.sim.SetSecret(n.cfg.ID, "another")
	n.w.sim.RevokeTokens()
	n.locked, n.until = time.Now(), time.Now().Add(time.Duration(n.w.random.IntN(3600))*time.Second)
}

// hours mends the secret when it is time.
func (n *neighbour) hours() {
	if !n.locked.IsZero() && time.Now().After(n.until) {
		n.unlock()
	}
}

func (n *neighbour) unlock() {
	if n.locked.IsZero() {
		return
	}
	n.w.sim.SetSecret(n.cfg.ID, quietSecret)
	n.lockups = append(n.lockups, span{n.locked, time.Now()})
	n.locked = time.Time{}
}

const (
	resumes = 20 * time.Minute // by itself, after its credentials were mended
	steps   = 16               // answers that a retraction may take, one after another
)

// neighbour: whatever the other tenant met, its own messages were taken at once; while its credentials were refused,
// and the process not running, as soon as that was over, by itself and with one alert for each trouble.
func (j *judge) neighbour() {
	n := j.w.quiet
	for _, p := range n.posts {
		in, err := j.w.st.Intent(context.Background(), store.IntentID(p.record, p.to, store.Retract))
		if err != nil || in.Outcome != store.Done || len(in.Taken) != 1 {
			j.wrong("quiet tenant: retraction from %s is %s (%s), %v", p.to, in.Outcome, in.Reason, err)
			continue
		}
		if due := n.due(p.at); in.Taken[0].At.After(due) {
			j.wrong("quiet tenant: message %s was reported at %v and taken at %v: expected by %v", p.key, p.at,
				in.Taken[0].At, due)
		}
	}
	for r := range residents {
		for _, m := range j.w.sim.Messages(resident(r)) {
			if len(m.Changes) != 1 || m.Folder != string(exchange.Deletions) {
				j.wrong("quiet tenant: message %s lies in %s after %v", m.Key, m.Folder, m.Changes)
			}
		}
	}
	j.alerts(n)
}

// due is when a message must have been taken at the latest.
func (n *neighbour) due(from time.Time) time.Time {
	quick := steps*n.w.latency + 5*time.Second
	due := from.Add(quick)
	for moved := true; moved; {
		moved = false
		for _, s := range n.lockups {
			if later := s.to.Add(resumes); s.from.Before(due) && later.After(from) && later.After(due) {
				due, moved = later, true
			}
		}
		// what was under way in the old process is verified first, and a crash takes its time
		for _, s := range n.w.starts {
			if later := s.Add(quick + 12*time.Minute); s.After(from) && s.Before(due.Add(10*time.Second)) &&
				later.After(due) {
				due, moved = later, true
			}
		}
	}
	return due
}

// alerts: one for each trouble of the quiet tenant, and life of the process.
func (j *judge) alerts(n *neighbour) {
	told := 0
	for _, a := range j.w.alerts {
		if a.Tenant == n.cfg.ID && a.Kind == "auth" {
			told++
		}
	}
	most := 0
	for _, s := range n.lockups {
		most++
		for _, start := range j.w.starts {
			if start.After(s.from) && start.Before(s.to.Add(resumes)) {
				most++
			}
		}
	}
	if told > most {
		j.wrong("quiet tenant: %d alerts of authentication trouble, want at most %d: %v", told, most, j.w.alerts)
	}
}
