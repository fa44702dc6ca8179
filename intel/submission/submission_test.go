package submission

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clawback/config"
	"clawback/intel"
	"clawback/journal"
	"clawback/journal/identity"
	"clawback/score"
	"clawback/spool"
	"clawback/store"
	"clawback/store/pebble"
	"clawback/verdict"
)

const contosoID = "3f1c2b4a-5d6e-4f70-8192-a3b4c5d6e7f8"

// fixture is a desk over a real judge, store and spool.
type fixture struct {
	*Desk
	t      *testing.T
	dir    string
	tenant config.Tenant
	judge  *intel.Judge
	store  *store.Store
	spool  *spool.Spool
	now    time.Time
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, dir: t.TempDir(), now: time.Now().UTC().Truncate(time.Second)}
	f.tenant = config.Tenant{Name: "contoso", ID: contosoID, Domains: []string{"contoso.example"}}
	f.open()
	t.Cleanup(func() { f.store.Close(); f.spool.Close() })
	return f
}

func (f *fixture) open() {
	f.t.Helper()
	var err error
	if f.spool, err = spool.Open(filepath.Join(f.dir, "spool"), spool.Options{}); err != nil {
		f.t.Fatal(err)
	}
	if f.store, err = pebble.Open(f.dir, store.Options{}); err != nil {
		f.t.Fatal(err)
	}
	now := func() time.Time { return f.now }
	tenant := func(id string) (*config.Tenant, bool) { return &f.tenant, id == contosoID }
	body := func(r spool.Ref) (intel.Body, error) { return f.spool.Open(f.t.Context(), r) }
	f.judge, err = intel.New(f.t.Context(), &config.Config{Tenants: []config.Tenant{f.tenant}, Engines: config.Engines{Timeout: time.Second}}, intel.Options{
		Tables: f.store, Records: f.store, Now: now, Open: body, Tenant: tenant,
		Scorer: func(*config.Config) score.Options { return score.Options{} },
	})
	if err != nil {
		f.t.Fatal(err)
	}
	f.Desk = NewDesk(Options{Store: f.store, Judge: f.judge, Tenant: tenant, Open: body, Now: now})
}

// again closes everything and opens it from the disk.
func (f *fixture) again() {
	f.t.Helper()
	f.store.Close()
	f.spool.Close()
	f.open()
}

func network(n int) string { return fmt.Sprintf("c1a00000-0000-4000-8000-%012x", n) }

// message is the n-th that came to the tenant.
func message(n int) string {
	return fmt.Sprintf("X-MS-Exchange-Organization-Network-Message-Id: %s\r\n", network(n)) + bare(n)
}

// bare is the same without what Exchange stamped.
func bare(n int) string {
	return fmt.Sprintf("From: Eve <eve@shop.example>\r\nTo: ada@contoso.example\r\nSubject: offer %d\r\nDate: Mon, 2 Nov 2026 10:00:00 +0000\r\n"+
		"Message-ID: <m%d@shop.example>\r\n\r\ncheap replica handbags number%d\r\n", n, n, n)
}

func (f *fixture) keep(octets string) spool.Ref {
	f.t.Helper()
	body := f.spool.Begin(int64(len(octets)), spool.Regular)
	if _, err := body.Write([]byte(octets)); err != nil {
		f.t.Fatal(err)
	}
	entry := spool.Entry{Body: body}
	if _, err := f.spool.Append([]*spool.Entry{&entry}); err != nil {
		f.t.Fatal(err)
	}
	return entry.Ref
}

// received stores the n-th message as C2 does.
func (f *fixture) received(n int) store.Record {
	f.t.Helper()
	what, err := identity.Of(strings.NewReader(message(n)))
	if err != nil {
		f.t.Fatal(err)
	}
	id := fmt.Sprintf("report-%d", n)
	rec, _, err := f.store.Apply(f.t.Context(), store.Application{Key: id, Item: id, Tenant: contosoID, Network: network(n), Record: store.Record{
		Tenant: contosoID, MessageID: what.MessageID, From: what.From, Subject: what.Subject, Sender: "eve@shop.example", Received: f.now,
		Content: what.Content(), Contents: what.Contents(), NetworkMessageID: network(n), Direction: "inbound", FirstHand: true,
		Recipients: []journal.Recipient{{Address: "ada@contoso.example"}}, Verdict: verdict.Verdict{Disposition: verdict.Clean},
		Variants: []store.Variant{{SHA256: id, Report: id, Body: f.keep(message(n)), Section: journal.Section{Size: int64(len(message(n)))},
			Verdict: verdict.Verdict{Disposition: verdict.Clean}, FirstHand: true, At: f.now}},
	}}, func(store.Record, []store.Intent) []store.Intent { return nil })
	if err != nil {
		f.t.Fatal(err)
	}
	return rec
}

const internal = "X-MS-Exchange-CrossTenant-AuthAs: Internal\r\nX-MS-Exchange-CrossTenant-Id: " + contosoID + "\r\n"

// mailOf is a user's mail with messages attached.
func mailOf(from, subject, stamps string, attached ...string) string {
	text := stamps + "From: " + from + "\r\nSubject: " + subject + "\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nLook.\r\n"
	for _, a := range attached {
		text += "--b\r\nContent-Type: message/rfc822\r\n\r\n" + a + "\r\n"
	}
	return text + "--b--\r\n"
}

// letter is that mail as it was accepted.
func (f *fixture) letter(from, octets string) Letter {
	return Letter{Tenant: contosoID, Via: "report@gw.example", Claim: "subject", Trusted: []string{"soc@contoso.example", "lab@contoso.example"},
		Body: f.keep(octets), Octets: strings.NewReader(octets), Size: int64(len(octets)), Sender: from, Received: f.now}
}

func (f *fixture) mustTake(l Letter) []Taken {
	f.t.Helper()
	taken, err := f.Take(f.t.Context(), l)
	if err != nil {
		f.t.Fatal(err)
	}
	return taken
}

// mustReport has somebody report the n-th message: 1 junk, 2 not junk, 3 phishing.
func (f *fixture) mustReport(who, claim string, n int) Taken {
	f.t.Helper()
	from := who + "@contoso.example"
	return f.mustTake(f.letter(from, mailOf(from, claim+"|"+network(n)+"|x", internal, message(n))))[0]
}

func (f *fixture) wantModel(bad, good int) {
	f.t.Helper()
	m, err := f.judge.Model(contosoID)
	if err != nil || m.Bad != bad || m.Good != good {
		f.t.Errorf("it has learnt of %d unwanted and %d good messages, want %d and %d: %v", m.Bad, m.Good, bad, good,
			err)
	}
}

func (f *fixture) state(id string) Submission {
	f.t.Helper()
	s, err := f.Get(f.t.Context(), id)
	if err != nil {
		f.t.Fatal(err)
	}
	return s
}

func TestTake_findsTheRecord(t *testing.T) {
	f := newFixture(t)
	rec := f.received(1)
	other := f.received(2)
	const from = "ada@contoso.example"
	eml := "Content-Type: application/octet-stream; name=\"a.eml\"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
	for name, c := range map[string]struct{ mail, record, matched string }{
		"by network message id":      {mailOf(from, "look", internal, message(1)), rec.ID, "network message id"},
		"by what is in it":           {mailOf(from, "look", internal, bare(1)), rec.ID, "decoded parts"},
		"by the subject":             {mailOf(from, "3|"+network(1)+"|x", internal), rec.ID, "network message id"},
		"by the subject, without it": {mailOf(from, "3|"+network(1)+"|x", internal, "From: x\r\n\r\n"), rec.ID, "network message id"},
		"in a file":                  {strings.Replace(mailOf(from, "look", internal, ""), "Content-Type: message/rfc822\r\n\r\n", eml+encode(message(1)), 1), rec.ID, "network message id"},
		"altered":                    {mailOf(from, "look", internal, strings.Replace(bare(1), "cheap", "free", 1)), "", ""},
		"never received":             {mailOf(from, "look", internal, message(9)), "", ""},
		"by what is in it, tagged":   {mailOf(from, "look", internal, strings.Replace(bare(1), "Subject: ", "Subject: [EXTERNAL] ", 1)), rec.ID, "decoded parts"},
		"another subject":            {mailOf(from, "look", internal, strings.Replace(bare(1), "Subject: ", "Subject: Re: ", 1)), "", ""},
		"the same, and another id":   {mailOf(from, "look", internal, "X-MS-Office365-Filtering-Correlation-Id: "+network(9)+"\r\n"+bare(1)), "", ""},
		"the same, and another's id": {mailOf(from, "look", internal, "X-MS-Office365-Filtering-Correlation-Id: "+network(2)+"\r\n"+bare(1)), other.ID, "network message id"},
		"its id, and another's":      {mailOf(from, "look", internal, "X-MS-Office365-Filtering-Correlation-Id: "+network(2)+"\r\n"+message(1)), "", ""},
		"its id, and nobody's":       {mailOf(from, "look", internal, "X-MS-Office365-Filtering-Correlation-Id: "+network(9)+"\r\n"+message(1)), "", ""},
		"a file renamed":             {mailOf(from, "look", internal, strings.Replace(bare(1), "\r\n\r\n", "\r\nContent-Disposition: attachment; filename=a.scr\r\n\r\n", 1)), "", ""},
		"with two ids":               {mailOf(from, "look", internal, "X-MS-Office365-Filtering-Correlation-Id: "+network(2)+"\r\n"+strings.Replace(message(1), "cheap", "free", 1)), "", ""},
	} {
		from := fmt.Sprintf("ada%d@contoso.example", len(name))
		taken := f.mustTake(f.letter(from,
			strings.ReplaceAll(c.mail, "From: ada@", "From: "+strings.TrimSuffix(from, "contoso.example"))))
		if len(taken) != 1 || taken[0].Record != c.record || taken[0].Matched != c.matched {
			t.Errorf("%s: %+v", name, taken)
		}
	}
	if taken := f.mustTake(f.letter(from, mailOf(from, "hello", internal))); len(taken) != 0 {
		t.Errorf("of a mail that reports nothing: %+v", taken)
	}
	if taken := f.mustTake(f.letter(from, mailOf(from, "two", internal, message(1), message(2)))); len(taken) != 2 ||
		taken[0].Record == taken[1].Record {
		t.Errorf("of two messages: %+v", taken)
	}
}

func TestTake_claims(t *testing.T) {
	for _, c := range []struct {
		configured, subject string
		want                Claim
	}{
		{"subject", "1|" + network(1) + "|192.0.2.1|a@b.example|(s)", Junk}, {"subject", " 2|x|y", NotJunk}, {"subject", "3||", Phish},
		{"subject", "4|x|y", Phish}, {"subject", "2", Phish}, {"subject", "FW: 2|x|y", Phish}, {"subject", "", Phish},
		{"junk", "3|x|y", Junk}, {"not_junk", "hello", NotJunk},
	} {
		if got, _ := claimOf(c.configured, c.subject); got != c.want {
			t.Errorf("%s, %q: %s, want %s", c.configured, c.subject, got, c.want)
		}
	}
}

// Whoever is not vouched for is listed, and has no effect: nothing is judged again, learnt or written into the audit.
func TestTake_believesOnlyWhomExchangeVouchesFor(t *testing.T) {
	ada := "ada@contoso.example"
	for name, c := range map[string]struct {
		from, sender, stamps, unproven string
		why                            string
	}{
		"signed in":             {ada, ada, internal, "", ""},
		"by the organisation":   {ada, ada, "X-MS-Exchange-Organization-AuthAs: Internal\r\n", "", ""},
		"not attributed":        {ada, ada, internal, "from nowhere", "from nowhere"},
		"nothing stamped":       {ada, ada, "", "", "signed in"},
		"anonymous":             {ada, ada, "X-MS-Exchange-CrossTenant-AuthAs: Anonymous\r\n", "", "Anonymous"},
		"stamped twice":         {ada, ada, internal + "X-MS-Exchange-Organization-AuthAs: Anonymous\r\n", "", "Anonymous"},
		"another organisation":  {ada, ada, strings.Replace(internal, "3f1c", "ffff", 1), "", "ffff"},
		"author from outside":   {"ada@elsewhere.example", ada, internal, "", "author"},
		"envelope from outside": {ada, "ada@elsewhere.example", internal, "", "envelope"},
		"no envelope sender":    {ada, "", internal, "", "envelope"},
		"two authors":           {ada + ", bob@contoso.example", ada, internal, "", "several"},
		"two author lines":      {ada + "\r\nFrom: bob@contoso.example", ada, internal, "", "several"},
	} {
		f := newFixture(t)
		f.received(1)
		l := f.letter(c.sender, mailOf(c.from, "1||x", c.stamps, message(1)))
		l.Unproven, l.Trusted = c.unproven, []string{ada, "ada@elsewhere.example", ""}
		s := f.mustTake(l)[0]
		acts, err := f.store.Audit(t.Context(), store.AuditFilter{})
		if err != nil {
			t.Fatal(err)
		}
		if c.why == "" && (s.Unproven != "" || s.State != Taught) {
			t.Errorf("%s: %+v", name, s)
		}
		if c.why != "" && (!strings.Contains(s.Unproven, c.why) || s.State != Open || s.Again != verdict.Unscored ||
			len(acts) > 0) {
			t.Errorf("%s: %+v, audit %+v", name, s, acts)
		}
	}
}

func TestTake_twiceIsOnce(t *testing.T) {
	f := newFixture(t)
	f.received(1)
	first := f.mustReport("ada", "3", 1)
	f.again()
	second := f.mustReport("ada", "3", 1)
	other := f.mustReport("bob", "3", 1)
	if !first.Fresh || second.Fresh || second.ID != first.ID || other.ID == first.ID {
		t.Errorf("%+v, then %+v, another's %+v", first, second, other)
	}
	acts, err := f.store.Audit(t.Context(), store.AuditFilter{})
	if err != nil || len(acts) != 2 {
		t.Errorf("the audit has %+v, %v", acts, err)
	}
	counts, err := f.Counts(t.Context(), contosoID)
	if err != nil || counts["open"] != 2 || len(counts) != 1 {
		t.Errorf("counts %v, %v", counts, err)
	}
}

// No reporter teaches without end, against an administrator's word, or where others contradict.
func TestTrusted_isBounded(t *testing.T) {
	f := newFixture(t)
	for n := range maxTaught {
		f.received(n)
		if s := f.mustReport("soc", "1", n); s.State != Taught {
			t.Fatalf("the %d. teaches nothing: %+v", n, s)
		}
	}
	f.received(100)
	if s := f.mustReport("soc", "1", 100); s.State != Open || !strings.Contains(s.NotLearned, "24 hours") {
		t.Errorf("beyond the limit: %+v", s)
	}
	if s := f.mustReport("lab", "1", 100); s.State != Taught {
		t.Errorf("another's limit: %+v", s)
	}
	f.wantModel(maxTaught+1, 0)
	f.now = f.now.Add(25 * time.Hour)
	f.received(101)
	if s := f.mustReport("soc", "3", 101); s.State != Taught {
		t.Errorf("a day later: %+v", s)
	}
	rec := f.received(102)
	if _, err := f.judge.Correct(t.Context(), "root", rec.ID, verdict.Clean, ""); err != nil {
		t.Fatal(err)
	}
	if s := f.mustReport("soc", "1", 102); s.State != Open || !strings.Contains(s.NotLearned, "administrator") {
		t.Errorf("against an administrator's word: %+v", s)
	}
	if s := f.mustReport("soc", "1", 555); s.State != Open || !strings.Contains(s.NotLearned, "record") {
		t.Errorf("of a message that never came: %+v", s)
	}
	f.wantModel(maxTaught+2, 1)
}

// However many report it, one campaign teaches a bounded number of messages a day: its sender chose every word of them.
func TestTrusted_oneCampaignIsBounded(t *testing.T) {
	f := newFixture(t)
	for n := range 2 * maxTaught {
		f.received(n)
		who := []string{"soc", "lab"}[n%2]
		s := f.mustReport(who, "1", n)
		if taught := s.State == Taught; taught != (n < maxCampaign) {
			t.Fatalf("the %d. of a campaign: taught %v: %s", n, taught, s.NotLearned)
		}
	}
	f.wantModel(maxCampaign, 0)
	for n := 100; n < 200; n++ { // users who are not trusted, as many as there are
		f.received(n)
		f.mustReport(fmt.Sprintf("user%d", n), "1", n)
	}
	f.wantModel(maxCampaign, 0)
	f.now = f.now.Add(25 * time.Hour)
	f.received(300)
	if s := f.mustReport("soc", "1", 300); s.State != Taught {
		t.Errorf("a day later: %+v", s)
	}
}

func TestSameCampaign(t *testing.T) {
	eve := Submission{From: "eve@a.shop.example", Subject: "Offer"}
	for _, c := range []struct {
		other Submission
		want  bool
	}{
		{Submission{From: "<bob@shop.example>", Subject: "Other"}, true},
		{Submission{From: "eve@b.shop.example"}, true},
		{Submission{From: "eve@elsewhere.example", Subject: "OFFER"}, true},
		{Submission{From: "eve@elsewhere.example", Subject: "Other"}, false},
		{Submission{From: "eve@myshop.example"}, false},
		{Submission{}, false},
	} {
		if got := sameCampaign(eve, c.other); got != c.want {
			t.Errorf("%+v: %v, want %v", c.other, got, c.want)
		}
	}
	if sameCampaign(Submission{}, Submission{}) {
		t.Error("two messages of nobody about nothing are one campaign")
	}
}

func TestTrusted_contradictionTakesBack(t *testing.T) {
	f := newFixture(t)
	f.received(1)
	f.received(2)
	taught := f.mustReport("soc", "1", 1)
	if s := f.mustReport("ada", "3", 1); s.State != Open || f.state(taught.ID).State != Taught {
		t.Errorf("one who agrees: %+v", s)
	}
	forged := f.letter("eve@elsewhere.example", mailOf("bob@contoso.example", "2||x", internal, message(1)))
	f.mustTake(forged)
	f.wantModel(1, 0)
	f.mustReport("ada", "2", 1)
	f.wantModel(0, 0)
	if s := f.state(taught.ID); s.State != Open || s.NotLearned == "" {
		t.Errorf("after a contradiction: %+v", s)
	}
	f.mustReport("ada", "2", 2)
	if s := f.mustReport("soc", "1", 2); s.State != Open || !strings.Contains(s.NotLearned, "contrary") {
		t.Errorf("against somebody's word: %+v", s)
	}
	f.again()
	f.wantModel(0, 0)
}

func TestAccept_settlesAllOfTheRecord(t *testing.T) {
	f := newFixture(t)
	rec := f.received(1)
	f.received(2)
	a, b, c := f.mustReport("ada", "3", 1), f.mustReport("soc", "2", 1), f.mustReport("ada", "3", 2)
	got, lesson, err := f.Accept(t.Context(), a.ID, Decision{Who: "root", Is: verdict.Malicious, Comment: "seen"})
	if err != nil || got.State != Accepted || lesson.Record != rec.ID || lesson.Was != verdict.Clean ||
		lesson.By != "root" {
		t.Fatalf("%+v, %+v, %v", got, lesson, err)
	}
	f.again()
	if s := f.state(b.ID); s.State != Accepted || s.Is != verdict.Malicious || s.By != "root" {
		t.Errorf("what another said of it: %+v", s)
	}
	if s := f.state(c.ID); s.State != Open {
		t.Errorf("what is said of another message: %+v", s)
	}
	f.wantModel(1, 0)
	if _, _, err := f.Accept(t.Context(), a.ID, Decision{Who: "root", Is: verdict.Clean}); err != nil {
		t.Fatal(err)
	}
	f.wantModel(0, 1)
	if _, _, err := f.Accept(t.Context(), c.ID, Decision{Who: "root"}); err == nil || f.state(c.ID).State != Open {
		t.Error("UNSCORED was taken for a word")
	}
}

// Of a message that never came the attached copy is learnt, from the user's own mail and from a journal report of it.
func TestAccept_learnsTheCopyWithoutARecord(t *testing.T) {
	f := newFixture(t)
	s := f.mustReport("ada", "1", 7)
	_, lesson, err := f.Accept(t.Context(), s.ID, Decision{Who: "root", Is: verdict.Spam})
	if err != nil || lesson.NotLearned != "" || !strings.Contains(strings.Join(lesson.Tokens, " "), "handbags") {
		t.Errorf("%+v, %v", lesson, err)
	}
	f.wantModel(1, 0)
	named := f.mustTake(f.letter("ada@contoso.example",
		mailOf("ada@contoso.example", "3|"+network(8)+"|x", internal)))[0]
	if _, lesson, err = f.Accept(t.Context(), named.ID, Decision{Who: "root", Is: verdict.Spam}); err != nil || lesson.NotLearned == "" {
		t.Errorf("of a message that is only named: %+v, %v", lesson, err)
	}
	f.wantModel(1, 0)
}

func TestDismiss_takesBackWhatWasTaught(t *testing.T) {
	f := newFixture(t)
	f.received(1)
	taught, said := f.mustReport("soc", "1", 1), f.mustReport("ada", "1", 1)
	if _, err := f.Dismiss(t.Context(), taught.ID, Decision{Who: "root", Comment: "no"}); err != nil {
		t.Fatal(err)
	}
	f.again()
	f.wantModel(0, 0)
	if s := f.state(taught.ID); s.State != Dismissed || s.By != "root" || f.state(said.ID).State != Open {
		t.Errorf("%+v, the other %+v", s, f.state(said.ID))
	}
	if _, err := f.Dismiss(t.Context(), said.ID, Decision{Who: "root"}); err != nil || f.state(said.ID).State != Dismissed {
		t.Errorf("%+v, %v", f.state(said.ID), err)
	}
}

// A flood from outside pushes out its own kind, and nothing that a person has to see.
func TestCrowded_whoGivesWay(t *testing.T) {
	at := time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)
	list := make([]Submission, maxKept)
	for i := range list {
		list[i] = Submission{ID: fmt.Sprint(i), State: Open, At: at.Add(time.Duration(i) * time.Second)}
	}
	gone := func(s Submission) string {
		keys := crowded(list, s)
		if len(keys) != 1 {
			t.Fatalf("%d give way", len(keys))
		}
		return keys[0].ID
	}
	if got := gone(Submission{}); got != "0" {
		t.Errorf("of those that all wait goes %s", got)
	}
	list[500].Unproven = "x"
	if got := gone(Submission{}); got != "500" {
		t.Errorf("before those whose reporter is believed goes %s", got)
	}
	list[900].State = Dismissed
	if got := gone(Submission{}); got != "900" {
		t.Errorf("first goes %s", got)
	}
	for i := range maxUnproven {
		list[1000+i].Unproven = "x"
	}
	list[500].State = Accepted
	if got := gone(Submission{Unproven: "x"}); got != "1000" {
		t.Errorf("before another who is not believed goes %s", got)
	}
	list[1001].Unproven = ""
	if keys := crowded(list[1:], Submission{Unproven: "x"}); len(keys) > 0 {
		t.Errorf("where there is room for those who are not believed goes %v", keys)
	}
	if keys := crowded(list[1:], Submission{}); len(keys) > 0 {
		t.Errorf("where there is room goes %v", keys)
	}
}

// What looks like a GUID only at a glance names no message.
func TestGUID_onlyItsForm(t *testing.T) {
	const good = "0f8fad5b-d9cb-469f-a165-70867728950e"
	for text, want := range map[string]string{
		good: good, " " + strings.ToUpper(good) + " ": good, "": "",
		"------------------------------------":  "",
		"0f8fad5bd9cb469fa16570867728950e":      "",
		"urn:uuid:" + good:                      "",
		"0f8fad5b-d9cb-469f-a165-7086772895-e":  "",
		"0f8fad5bd-9cb-469f-a165-70867728950e":  "",
		"0f8fad5b-d9cb-469f-a165-70867728950g":  "",
		"0f8fad5b-d9cb-469f-a165-70867728950e ": good,
	} {
		if got := guid(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
