package chaos

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"clawback/config"
	"clawback/internal/test/graphsim"
	"clawback/journal"
	"clawback/journal/identity"
	"clawback/retract/policy"
	"clawback/store"
	"clawback/verdict"
)

// person is an address of the organisation, or one that only looks like it.
type person struct {
	address string
	upn     string // of the mailbox, "" for none
	kind    graphsim.Kind
	aliases []string
	exempt  bool
	members []string // of a group: their UPNs
}

// people are who may be written to.
var people = []person{
	{address: "anna@contoso.example", upn: "anna@contoso.example", kind: graphsim.UserMailbox, aliases: []string{"a.nna@contoso.example"}},
	{address: "A.Nna@contoso.example", upn: "anna@contoso.example"},
	{address: "bert@contoso.example", upn: "bert@contoso.example", kind: graphsim.UserMailbox},
	{address: "carl@contoso.example", upn: "carl@contoso.example", kind: graphsim.UserMailbox, aliases: []string{"carl@board.contoso.example"}},
	{address: "sales@contoso.example", upn: "sales@contoso.example", kind: graphsim.SharedMailbox},
	{address: "dora@contoso.example", upn: "dora@contoso.example", kind: graphsim.UserMailbox},
	{address: "plant@contoso.example", upn: "plant@contoso.example", kind: graphsim.OnPremises},
	{address: "vault@contoso.example", upn: "vault@contoso.example", kind: graphsim.Unlisted},
	{address: "guest@contoso.example", upn: "guest@contoso.example", kind: graphsim.Guest},
	{address: "security@contoso.example", upn: "security@contoso.example", kind: graphsim.UserMailbox, aliases: []string{"soc@contoso.example"}, exempt: true},
	{address: "soc@contoso.example", upn: "security@contoso.example", exempt: true},
	{address: "team@contoso.example", members: []string{"bert@contoso.example", "carl@contoso.example", "security@contoso.example", "guest@contoso.example"}},
	{address: "nobody@contoso.example"},
	{address: "partner@fabrikam.example"},
	{address: "bert+news@contoso.example", upn: "bert@contoso.example"},
	{address: "Carl+a+b@contoso.example", upn: "carl@contoso.example"},
	{address: "a.nna+x@contoso.example", upn: "anna@contoso.example"},
	{address: "soc+x@contoso.example", upn: "security@contoso.example", exempt: true},
	{address: "nobody+x@contoso.example"},
}

func (w *world) populate() {
	for _, p := range people {
		if p.kind != "" {
			w.sim.AddUser(graphsim.User{UPN: p.upn, Aliases: p.aliases, Kind: p.kind})
		}
		if len(p.members) > 0 {
			w.sim.AddGroup(graphsim.Group{Address: p.address, Members: p.members})
		}
	}
}

// reach gives the mailboxes to which Exchange delivers what is written to a person.
func (p person) reach() []string {
	if p.upn != "" {
		return []string{p.upn}
	}
	return p.members
}

// copied is one message of a mailbox.
type copied struct {
	key      string
	upn      string
	folder   string // where it was delivered
	read     bool
	mine     bool      // it is the record's, and must be taken; else it must never be touched
	provable bool      // by id or content
	bare     bool      // without a network message id: not provable for any other letter
	visible  time.Time // not before
	moved    bool      // by the user
	deleted  bool      // by the user, for good

	released time.Time // when it appeared as a further copy of what may have been taken by then
	rests    bool      // the mailbox's retraction was done then, and nothing under way
	sameTime bool      // with the time of receipt of the message that it is a copy of
	back     time.Time // when its owner brought it back
	orders   int       // what people had said of the letter until then
	// Its owner has moved it again after he brought it back.
	movedAgain bool
}

// letter is one message of the outside world: what was delivered of it, and what was reported.
type letter struct {
	n        int
	nid, mid string
	original string
	verdict  verdict.Disposition
	hearsay  bool
	carries  *letter // the one that it forwards, nil for none
	to       []person
	had      map[string]bool // mailboxes to which it was delivered, or was not and should have been
	copies   []*copied
	record   string // id
	reports  int
	rejudged int
	ordered  int // restores, retractions, approvals and the like
	restored int // of them: those that may put something back

	// The last word of an operator, when it was that the letter is good: nothing may take it away from then on.
	frozen   time.Time
	putsBack bool // and that it is to be put back
}

// meddled reports whether anything but retraction itself has a say in where the letter's messages are.
func (l *letter) meddled() bool { return l.rejudged+l.ordered > 0 }

// write makes a letter, delivers it, and reports it: in either order.
func (w *world) write() {
	l := w.compose()
	w.letters = append(w.letters, l)
	late := w.chance(4)
	if !late {
		w.deliver(l)
	}
	if w.bulkRuns() {
		l.ordered, l.restored = l.ordered+1, l.restored+1 // a job that searches may find it
	}
	w.report(l)
	if late {
		w.run(time.Duration(w.random.ExpFloat64() * float64(10*time.Second)))
		w.deliver(l)
	}
}

func (w *world) compose() *letter {
	n := len(w.letters)
	l := &letter{n: n, nid: fmt.Sprintf("%08x-0000-4000-8000-%012x", n+1, w.random.Uint32()),
		mid:     fmt.Sprintf("<m%d+'%x'%%#&@sender.example>", n, w.random.Uint32()),
		hearsay: w.chance(25), verdict: verdict.Malicious, had: map[string]bool{}}
	switch w.random.IntN(8) {
	case 0, 1:
		l.verdict = verdict.Spoof
	case 2:
		l.verdict = verdict.Spam
	case 3:
		l.verdict = verdict.Clean
	}
	if n > 0 && w.chance(6) {
		l.carries, l.verdict = w.letters[w.random.IntN(n)], verdict.Clean
	} else if n > 0 && w.chance(6) {
		l.mid = w.letters[n-1].mid // copied by an attacker, or a good one by accident
	}
	l.original = fmt.Sprintf("Message-ID: %s\r\nFrom: Eve <eve@sender.example>\r\nTo: all@contoso.example\r\n"+
		"Subject: Invoice\r\nDate: Sat, 21 Nov 2026 08:%02d:00 +0000\r\n\r\nPay here: %d.\r\n", l.mid, n%60, n)
	for _, i := range w.random.Perm(len(people))[:1+w.random.IntN(6)] {
		l.to = append(l.to, people[i])
	}
	return l
}

// deliver puts the letter, and what else bears its Message-ID, into the mailboxes of its recipients.
func (w *world) deliver(l *letter) {
	for _, p := range l.to {
		for _, upn := range p.reach() {
			if !l.had[upn] {
				l.had[upn] = true
				w.deliverTo(l, upn)
			}
		}
	}
}

func (w *world) deliverTo(l *letter, upn string) {
	for n := range []int{1, 1, 1, 1, 1, 2, 0}[w.random.IntN(7)] {
		g := w.genuine(l, upn)
		if n > 0 && l.record != "" && g.visible.IsZero() {
			g.visible = time.Now() // the first one may have been taken before this one came
		}
		w.put(l, g)
	}
	if w.chance(4) {
		w.put(l, w.decoy(l, upn))
	}
}

// parcel is a delivery and what is known of it.
type parcel struct {
	copied
	nid, mime string
}

// genuine is the letter itself: sometimes late, sorted away by a rule, or without the headers that prove it.
func (w *world) genuine(l *letter, upn string) parcel {
	p := parcel{copied: copied{upn: upn, mine: true, provable: true, read: w.chance(3)}, nid: l.nid, mime: l.original}
	p.folder = []string{"inbox", "inbox", "inbox", "inbox", "Projects", "archive", "junkemail", "deleteditems", "recoverableitemsdeletions"}[w.random.IntN(9)]
	if w.chance(5) {
		p.visible = time.Now().Add(time.Duration(w.random.ExpFloat64() * float64(2*time.Minute)))
	}
	switch w.random.IntN(12) {
	case 0:
		p.nid, p.provable = "", false // its content is a reason to ask, and no proof
	case 1:
		p.nid, p.mime = "", strings.Replace(l.original, "Pay here", "Caution, external! Pay here", 1)
		p.provable = false
	case 2:
		p.nid, p.mime = "", "X-MS-Office365-Filtering-Correlation-Id: "+strings.ToUpper(l.nid)+"\r\n"+l.original
	case 3:
		p.mime = strings.Replace(l.original, "Subject: ", "Subject: [EXTERNAL] ", 1) + "\r\nA disclaimer.\r\n"
	}
	return p
}

// decoy is a message that bears the letter's Message-ID and must not be touched.
func (w *world) decoy(l *letter, upn string) parcel {
	p := parcel{copied: copied{upn: upn, folder: "inbox"}, mime: l.original}
	p.nid = fmt.Sprintf("ffffffff-%04x-4000-8000-%012x", l.n, w.random.Uint32())
	switch w.random.IntN(4) {
	case 0:
		p.nid, p.folder = "", "sentitems"
	case 1:
		p.nid, p.folder = l.nid, "drafts"
	case 2:
		p.mime = strings.Replace(l.original, "Pay here", "The minutes of our meeting", 1)
	}
	return p
}

func (w *world) put(l *letter, p parcel) {
	m, err := w.sim.Deliver(graphsim.Delivery{Mailbox: p.upn, Folder: p.folder, MIME: []byte(p.mime), NetworkMessageID: p.nid,
		Visible: p.visible, Read: p.read, Draft: p.folder == "drafts"})
	if errors.Is(err, graphsim.ErrNoMailbox) {
		return
	}
	if err != nil {
		w.t.Fatal(err)
	}
	p.key, p.bare = m.Key, p.nid == "" && !strings.HasPrefix(p.mime, "X-MS-Office365")
	l.copies = append(l.copies, &p.copied)
}

// report applies a report of the letter, again and again until it is told that it is durable, as the pipeline does.
func (w *world) report(l *letter) { w.reportTo(w.cfg, l) }

func (w *world) reportTo(cfg *config.Tenant, l *letter) {
	a := w.application(l)
	a.Tenant = cfg.ID
	for {
		plan := policy.Plan(cfg, time.Now())
		rec, _, err := w.st.Apply(context.Background(), a, plan)
		if err == nil {
			l.record = rec.ID
			w.engine.Wake()
			return
		}
		if !w.disk.dead.Load() {
			w.t.Fatalf("apply: %v", err)
		}
		w.crash()
	}
}

func (w *world) application(l *letter) store.Application {
	l.reports++
	sum := sha256.Sum256([]byte(l.original))
	sha := hex.EncodeToString(sum[:])
	w.mu.Lock()
	w.bytes[sha] = l.original
	w.mu.Unlock()
	id, err := identity.Of(strings.NewReader(l.original))
	if err != nil {
		w.t.Fatal(err)
	}
	v := verdict.Verdict{Disposition: l.verdict, Score: 90}
	rec := store.Record{
		MessageID: l.mid, Sender: "eve@sender.example", From: id.From, Subject: id.Subject, Date: id.Date, Received: time.Now(),
		Direction: "inbound", FirstHand: !l.hearsay, Verdict: v, Content: id.Content(),
		Variants: []store.Variant{{SHA256: sha, Verdict: v, FirstHand: !l.hearsay, At: time.Now()}},
	}
	if o := l.carries; o != nil {
		rec.Sender, rec.Direction = "bert@contoso.example", "internal"
		rec.Carries = store.Carries{Messages: []store.Carried{{MessageID: o.mid, Network: []string{o.nid}}}}
	}
	for _, p := range l.to {
		rec.Recipients = append(rec.Recipients, journal.Recipient{Address: p.address, Type: journal.Unlabeled})
	}
	return store.Application{Key: fmt.Sprintf("report-%d-%d", l.n, l.reports), Network: l.nid, Record: rec}
}
