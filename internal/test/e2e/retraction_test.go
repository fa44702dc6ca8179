package e2e

import (
	"bytes"
	"encoding/json"
	"html"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/api"
	"clawback/internal/test/graphsim"
	"clawback/retract/intent"
	"clawback/store"
)

const (
	reception = "reception@contoso.example"
	sales     = "sales@contoso.example"
	cover     = "h.holiday@contoso.example"
	coverBox  = "holiday-cover@contoso.example"
)

// startWith starts the daemon with more tables and, where old is not "", an edited line.
func startWith(t *testing.T, tables, old, new string) *world {
	t.Helper()
	tenant := contoso
	tenant.Tables = tables
	w := prepare(t, tenant)
	if old != "" {
		w.edit(old, new)
	}
	w.up()
	return w
}

// intents are a message's intents to retract, by address.
func (w *world) intents(key string) map[string]api.Intent {
	w.t.Helper()
	var m api.Message
	got := map[string]api.Intent{}
	out, err := w.cli("show", key, "--json")
	if err != nil || json.Unmarshal([]byte(out), &m) != nil {
		return got
	}
	for _, in := range m.Intents {
		if in.Kind == store.Retract {
			got[in.Address] = in
		}
	}
	return got
}

// ends waits until a message's intents have these outcomes, and gives the intents.
func (w *world) ends(key string, want map[string]store.Outcome) map[string]api.Intent {
	w.t.Helper()
	w.eventually(func() string { return cmp.Diff(want, w.outcomes(key)) })
	return w.intents(key)
}

// unread_only and the actions of a group, from the file to the mailboxes.
func TestPolicy_unreadOnlyAndGroups(t *testing.T) {
	w := startWith(t, `
[tenant.actions]
malicious = { action = "soft_delete", unread_only = true }
[[tenant.group]]
name = "front"
mailboxes = ["reception@contoso.example"]
[tenant.group.actions]
malicious = "trash"
`, "", "")
	report := w.report("01-credential-phish.eml")
	read := map[string]bool{reception: true, sales: true, coverBox: false}
	lies := map[string]graphsim.Message{}
	for box, r := range read {
		m, err := w.Sim.Deliver(graphsim.Delivery{Mailbox: box, MIME: w.original(report), Read: r})
		if err != nil {
			t.Fatal(err)
		}
		lies[box] = m
	}
	w.send(report)
	got := w.ends(phishID, map[string]store.Outcome{reception: store.Done, sales: store.Skipped, cover: store.Done})
	for box, folder := range map[string]string{reception: "deleteditems", sales: "inbox", coverBox: deletions} {
		if at := w.where(lies[box]); at != folder {
			t.Errorf("%s's message is in %s, want %s", box, at, folder)
		}
	}
	if !strings.Contains(got[sales].Reason, "already read, and the rule is unread_only") {
		t.Errorf("the reason is %q", got[sales].Reason)
	}
	// The read state at retraction is kept and shown.
	for address, want := range map[string]bool{reception: true, cover: false} {
		if was := got[address].WasRead; was == nil || *was != want {
			t.Errorf("%s's message: was read %v, want %t", address, was, want)
		}
	}
}

// Mail to an address with a tag is delivered to the mailbox of the address without it, and taken from there. An address
// that somebody has with its plus sign goes before; a group and an exempt mailbox have theirs by whichever address.
func TestPlusAddress_isTheMailboxWithoutTheTag(t *testing.T) {
	w := startWith(t, `
[tenant.actions]
malicious = "soft_delete"
[[tenant.group]]
name = "front"
mailboxes = ["reception@contoso.example"]
[tenant.group.actions]
malicious = "trash"
`, `mode = "live"`, "mode = \"live\"\nexempt = [\"holiday-cover@contoso.example\"]")
	w.Sim.AddUser(graphsim.User{Tenant: contoso.ID, UPN: "sales+old@contoso.example"})
	report := w.report("01-credential-phish.eml")
	for old, tagged := range map[string]string{reception: "Reception+News@contoso.example", sales: "sales+old@contoso.example", cover: "h.holiday+a+b@contoso.example"} {
		report = bytes.ReplaceAll(report, []byte(old), []byte(tagged))
	}
	lies := map[string]graphsim.Message{}
	for _, box := range []string{reception, sales, "sales+old@contoso.example", coverBox} {
		lies[box] = w.deliver(box, "", w.original(report))
	}
	w.send(report)
	got := w.ends(phishID, map[string]store.Outcome{"Reception+News@contoso.example": store.Done, "sales+old@contoso.example": store.Done, "h.holiday+a+b@contoso.example": store.Skipped})
	for box, folder := range map[string]string{reception: "deleteditems", sales: "inbox", "sales+old@contoso.example": deletions, coverBox: "inbox"} {
		if at := w.where(lies[box]); at != folder {
			t.Errorf("%s's message is in %s, want %s", box, at, folder)
		}
	}
	if in := got["h.holiday+a+b@contoso.example"]; !strings.Contains(in.Reason, "exempt") {
		t.Errorf("the reason is %q", in.Reason)
	}
}

// max_age, of the tenant and of a group: a message that is found too late stays.
func TestPolicy_maxAge(t *testing.T) {
	w := startWith(t, `
[tenant.actions]
malicious = { action = "soft_delete", max_age = "2s" }
[[tenant.group]]
name = "front"
mailboxes = ["reception@contoso.example"]
[tenant.group.actions]
malicious = { action = "soft_delete", max_age = "1h" }
`, "", "")
	report := w.report("01-credential-phish.eml")
	lies := map[string]graphsim.Message{coverBox: w.deliver(coverBox, "", w.original(report))}
	for _, box := range []string{reception, sales} {
		m, err := w.Sim.Deliver(graphsim.Delivery{Mailbox: box, MIME: w.original(report), Visible: time.Now().Add(4 * time.Second)})
		if err != nil {
			t.Fatal(err)
		}
		lies[box] = m
	}
	w.send(report)
	got := w.ends(phishID, map[string]store.Outcome{reception: store.Done, sales: store.Skipped, cover: store.Done})
	if !strings.Contains(got[sales].Reason, "older than max_age") {
		t.Errorf("the reason is %q", got[sales].Reason)
	}
	for box, folder := range map[string]string{reception: deletions, sales: "inbox", coverBox: deletions} {
		if at := w.where(lies[box]); at != folder {
			t.Errorf("%s's message is in %s, want %s", box, at, folder)
		}
	}
}

// heldFor waits for the one intent that is held, and checks what for.
func (w *world) heldFor(hold, reason string) api.Intent {
	w.t.Helper()
	var list []api.Intent
	w.eventually(func() string {
		out := w.must("held", "list", "--json")
		if list = listed[api.Intent](w.t, out); len(list) != 1 {
			return "held list: " + out
		}
		return ""
	})
	if list[0].Hold != hold || !strings.Contains(list[0].Reason, reason) {
		w.t.Fatalf("held for %s: %s; want %s: %s", list[0].Hold, list[0].Reason, hold, reason)
	}
	return list[0]
}

// A protected sender's message waits for a person, whatever its verdict.
func TestBrake_protectedSender(t *testing.T) {
	w := startWith(t, "", `mode = "live"`, "mode = \"live\"\nprotected = [\"@micros0ft-accounts.example\"]")
	report := w.report("05-delivered-late.eml")
	m := w.deliver(sales, "", w.original(report))
	w.send(report)
	in := w.heldFor(intent.HoldProtected, "the sender is protected (@micros0ft-accounts.example)")
	if at := w.where(m); at != "inbox" {
		t.Fatalf("a protected sender's message is in %s", at)
	}
	w.must("held", "approve", in.ID, "--comment", "it is forged")
	w.eventually(func() string {
		if at := w.where(m); at != deletions {
			return "after the approval the message is in " + at
		}
		return ""
	})
}

// The brake's limits, from the file: one mailbox for each message, and what a person approves is not held again.
func TestBrake_limitFromTheFile(t *testing.T) {
	w := startWith(t, "\n[tenant.brake]\nmailboxes_per_mail = 1\nmailboxes_per_hour = \"off\"\nshare_percent = -1\n",
		"", "")
	report := w.report("13-already-deleted.eml")
	all := []graphsim.Message{w.deliver("busy@contoso.example", "", w.original(report)), w.deliver(sales, "", w.original(report))}
	w.send(report)
	in := w.heldFor(intent.HoldBrake, "mailboxes_per_mail")
	if n := len(w.Sim.Changed()); n != 1 {
		t.Errorf("%d messages were moved past a limit of 1", n)
	}
	w.must("held", "approve", in.ID)
	w.eventually(func() string {
		for _, m := range all {
			if at := w.where(m); at != deletions {
				return m.Mailbox + "'s message is in " + at
			}
		}
		return ""
	})
	if !strings.Contains(w.LogTail(), "alert.retract.brake") {
		t.Error("the log has no alert of the brake")
	}
}

// One campaign may have half of what the brake allows; what it holds of a campaign is listed, and passes in one act.
func TestBrake_approvedByCampaign(t *testing.T) {
	w := startWith(t, "\n[tenant.brake]\nmailboxes_per_hour = 2\nshare_percent = \"off\"\n", "", "")
	report := w.report("13-already-deleted.eml")
	all := []graphsim.Message{w.deliver("busy@contoso.example", "", w.original(report)), w.deliver(sales, "", w.original(report))}
	w.send(report)
	in := w.heldFor(intent.HoldBrake, "campaign_percent")
	if in.Code != store.CodeCampaign || len(in.Campaigns) == 0 {
		t.Errorf("held with code %q, campaigns %v", in.Code, in.Campaigns)
	}
	list := listed[api.Campaign](t, w.must("held", "campaigns", "--json"))
	if len(list) != len(in.Campaigns) || list[0].Mailboxes != 1 {
		t.Fatalf("held campaigns: %+v", list)
	}
	if out := w.must("held", "campaigns"); !strings.Contains(out, "[.]example") || !strings.Contains(out, in.Record) {
		t.Errorf("held campaigns: %s", out)
	}
	if out := w.must("held", "approve", "--campaign", strings.ReplaceAll(list[0].Name, ".", "[.]"), "--comment",
		"looked at"); !strings.Contains(out, "1 intent: approved") {
		t.Errorf("held approve: %s", out)
	}
	w.eventually(func() string {
		for _, m := range all {
			if at := w.where(m); at != deletions {
				return m.Mailbox + "'s message is in " + at
			}
		}
		return ""
	})
	if out := w.must("audit"); strings.Count(out, "approve campaign") != 1 ||
		!strings.Contains(out, "mailboxes: 1, messages: 1: looked at") {
		t.Errorf("audit: %s", out)
	}
	for _, args := range [][]string{{"held", "approve"}, {"held", "approve", in.ID, "--campaign", "sender:x"}, {"held", "approve", "--campaign", "sender:nobody.example"}} {
		if out, err := w.cli(args...); err == nil {
			t.Errorf("%v: %s", args, out)
		}
	}
}

// forward is a colleague's message with a report's original attached.
func (w *world) forward(original []byte) []byte {
	w.t.Helper()
	return w.colleague("Content-Type: multipart/mixed; boundary=fwd\r\n\r\n--fwd\r\nContent-Type: text/plain\r\n\r\nWhat is this?\r\n" +
		"--fwd\r\nContent-Type: message/rfc822\r\n\r\n" + string(original) + "\r\n--fwd--\r\n")
}

// colleague is a report of a colleague's message that ends its header and has its body as given.
func (w *world) colleague(body string) []byte {
	w.t.Helper()
	report := w.report("04-colleague.eml")
	head, rest, ok := bytes.Cut(report, []byte("Content-Type: text/plain; charset=utf-8\r\n\r\nHello both,"))
	end := bytes.LastIndex(rest, []byte("\r\n--_"))
	if !ok || end < 0 {
		w.t.Fatal("the colleague's report is written otherwise")
	}
	return append(append(head[:len(head):len(head)], body...), rest[end:]...)
}

// A forward inside the organisation is found, held, and taken on approval, for the recipient that was approved alone.
func TestForward_heldAndTakenOnApproval(t *testing.T) {
	const forwardID = "<demo-04.20261102@contoso.example>"
	w := start(t, contoso)
	phish := w.report("05-delivered-late.eml")
	report := w.forward(w.original(phish))
	forwarded := w.original(report)
	toSales, toReception := w.deliver(sales, "", forwarded), w.deliver(reception, "", forwarded)
	w.send(report) // the forward is journaled first
	w.eventually(func() string {
		if _, err := w.cli("show", forwardID); err != nil {
			return err.Error()
		}
		return ""
	})
	w.send(phish)
	got := w.ends(forwardID, map[string]store.Outcome{sales: store.Held, reception: store.Held})
	in := got[sales]
	if in.Hold != intent.HoldForward ||
		!strings.Contains(in.Reason, "which is MALICIOUS (attached, with the same network message id)") {
		t.Errorf("held for %s: %s", in.Hold, in.Reason)
	}
	w.must("held", "approve", in.ID, "--comment", "the phish")
	w.eventually(func() string {
		if at := w.where(toSales); at != deletions {
			return "after the approval the forward is in " + at
		}
		return ""
	})
	if at := w.where(toReception); at != "inbox" {
		t.Errorf("the forward that nobody approved is in %s", at)
	}
}

// An answer in the thread that quotes the bad link is held too; one that quotes nothing is left alone.
func TestForward_answerWithTheLink(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		held bool
	}{
		"with the link":    {"Is this real? LINK", true},
		"with another one": {"Is this real? https://www.contoso.example/help", false},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, contoso)
			phish := w.report("05-delivered-late.eml")
			_, link, ok := bytes.Cut(w.original(phish), []byte(`<p><a href="`))
			link, _, end := bytes.Cut(link, []byte(`"`))
			if !ok || !end {
				t.Fatal("the phish has no link")
			}
			w.send(phish)
			w.send(w.colleague("In-Reply-To: <demo-05.20261102@micros0ft-accounts.example>\r\nContent-Type: text/plain\r\n\r\n" +
				strings.ReplaceAll(c.body, "LINK", html.UnescapeString(string(link))) + "\r\n"))
			w.eventually(func() string {
				if out := w.must("status"); !strings.Contains(out, "2 reports processed") {
					return out
				}
				return ""
			})
			got := w.intents("<demo-04.20261102@contoso.example>")
			if c.held != (len(got) == 2) ||
				c.held && !strings.Contains(got[sales].Reason, "answered or forwarded, with the same link") {
				t.Errorf("intents: %v", got)
			}
		})
	}
}

// A group that the report does not expand: its members are found in the directory.
func TestGroup_expandedByMembership(t *testing.T) {
	w := start(t, contoso)
	const group = "all-hands@contoso.example"
	w.Sim.AddGroup(graphsim.Group{Tenant: contoso.ID, Address: group, Members: []string{reception, "busy@contoso.example"}})
	report := bytes.Replace(w.report("05-delivered-late.eml"), []byte("Recipient: "+sales), []byte("Recipient: "+group),
		1)
	if !bytes.Contains(report, []byte(group)) {
		t.Fatal("the report is written otherwise")
	}
	taken := []graphsim.Message{w.deliver(reception, "", w.original(report)), w.deliver("busy@contoso.example", "", w.original(report))}
	other := w.deliver(sales, "", w.original(report))
	w.send(report)
	w.ends("<demo-05.20261102@micros0ft-accounts.example>",
		map[string]store.Outcome{group: store.Skipped, reception: store.Done, "busy@contoso.example": store.Done})
	for _, m := range taken {
		if at := w.where(m); at != deletions {
			t.Errorf("%s's message is in %s", m.Mailbox, at)
		}
	}
	if at := w.where(other); at != "inbox" {
		t.Errorf("the message of somebody who is no member is in %s", at)
	}
}

// What has not arrived in its mailbox yet is seen in the status.
func TestStatus_showsWhatIsWaitedFor(t *testing.T) {
	w := start(t, contoso)
	w.send(w.report("05-delivered-late.eml"))
	w.eventually(func() string {
		if out := w.must("status"); !strings.Contains(out, "1 message not in the mailbox yet, looked for again from") {
			return out
		}
		return ""
	})
}
