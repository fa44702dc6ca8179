package e2e

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"clawback/internal/test/testbed"
	"clawback/store"
)

// campaignLetter is a bad message whose sender, link and file are of a campaign, and the rest of its own.
func (w *world) campaignLetter(n int, domain, subject, user string) testbed.Letter {
	w.t.Helper()
	l, err := testbed.Write(true, 7000+n, sales)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, pair := range [][2]string{
		{"no-reply@micros0ft-accounts.example", user + "@" + domain},
		{"bounce@mailer.example.net", user + "@mail." + domain},
		{"Unusual sign-in activity", subject},
		{"login-contoso-support.example/microsoft365/", fmt.Sprintf("h%d.%s/microsoft365/%d/", n, domain, n)},
		{"smtp.mailfrom=micros0ft-accounts.example", "smtp.mailfrom=" + domain},
		{"header.from=micros0ft-accounts.example", "header.from=" + domain},
	} {
		l.Report = bytes.ReplaceAll(l.Report, []byte(pair[0]), []byte(pair[1]))
		l.Original = bytes.ReplaceAll(l.Original, []byte(pair[0]), []byte(pair[1]))
	}
	return l
}

// Bad mail that is sent to have the brake pulled, in a quiet hour: whatever of its subject, its addresses and its links
// the sender varies, it uses up the part of one campaign. A person is told at once, other bad mail is taken beside it,
// and what waits passes by one act, or not at all.
func TestAttack_sacrificialMail(t *testing.T) {
	w := start(t, contoso) // the brake as it is by default: 20 mailboxes in an hour of little mail
	const flood, part = 24, 10
	count := func(letters []testbed.Letter) map[store.Outcome]int {
		n := map[store.Outcome]int{}
		for _, l := range letters {
			n[w.outcomes(l.MessageID)[sales]]++
		}
		return n
	}
	deliver := func(l testbed.Letter) {
		if _, err := w.Deliver(l); err != nil {
			t.Fatal(err)
		}
		w.send(l.Report)
	}
	var sacrificed []testbed.Letter
	for n := range flood {
		l := w.campaignLetter(n, []string{"micros0ft-bill.example", fmt.Sprintf("a%d.micros0ft-bill.example", n)}[n%2],
			fmt.Sprintf("Sign-in %d of %d", n, n*n), fmt.Sprintf("user%d", n))
		deliver(l)
		sacrificed = append(sacrificed, l)
	}
	settled := func(letters []testbed.Letter, want map[store.Outcome]int) {
		t.Helper()
		w.eventually(func() string {
			if got := count(letters); fmt.Sprint(got) != fmt.Sprint(want) {
				return fmt.Sprintf("%v, want %v\n%s", got, want, w.must("show", letters[0].MessageID))
			}
			return ""
		})
	}
	settled(sacrificed, map[store.Outcome]int{store.Done: part, store.Held: flood - part})
	var others []testbed.Letter
	for n := range 5 {
		l := w.campaignLetter(100+n, "micros0ft-pay.example", "Your password", "desk")
		deliver(l)
		others = append(others, l)
	}
	settled(others, map[store.Outcome]int{store.Done: len(others)})
	if n := strings.Count(w.log(), "event=alert.retract.brake"); n == 0 || n > 3 {
		t.Errorf("%d alerts of the brake, want a few at once\n%s", n, w.LogTail())
	}
	if out := w.must("status"); !strings.Contains(out, fmt.Sprint(flood-part)) || !strings.Contains(out, "held") {
		t.Errorf("status does not tell what is held:\n%s", out)
	}
	if out := w.must("held", "campaigns"); !strings.Contains(out, "micros0ft-bill") ||
		strings.Contains(out, "micros0ft-pay") {
		t.Errorf("campaigns that are held:\n%s", out)
	}
	w.must("held", "approve", "--campaign", "sender:micros0ft-bill.example", "--comment", "seen")
	settled(sacrificed, map[store.Outcome]int{store.Done: flood})
	if audit := w.must("audit"); strings.Count(audit, "approve campaign") != 1 {
		t.Errorf("it was one act:\n%s", audit)
	}
}
