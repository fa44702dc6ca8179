package graph

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"clawback/config"
	"clawback/internal/test/graphsim"
	"clawback/retract/exchange"
	"clawback/retract/fault"
)

// TestMove_answers: what each answer means, and where the message is then.
func TestMove_answers(t *testing.T) {
	page := "<html><body>504</body></html>"
	for _, c := range []struct {
		name  string
		fault graphsim.Fault
		class fault.Class
		moved bool
	}{
		{"reply lost after acting", graphsim.Fault{Apply: true, Drop: true}, fault.Unknown, true},
		{"connection cut before acting", graphsim.Fault{Drop: true}, fault.Unknown, false},
		{"gateway gave up after acting", graphsim.Fault{Apply: true, Status: 504, Body: page, Type: "text/html"}, fault.Unknown, true},
		{"html before acting", graphsim.Fault{Status: 502, Body: page, Type: "text/html"}, fault.Unknown, false},
		{"broken success", graphsim.Fault{Apply: true, Status: 201, Body: `{"id":`}, fault.Unknown, true},
		{"success without an id", graphsim.Fault{Apply: true, Status: 201, Body: `{}`}, fault.Unknown, true},
		{"success without content", graphsim.Fault{Apply: true, Status: 204}, fault.Unknown, true},
		{"html with status 200", graphsim.Fault{Status: 200, Body: page, Type: "text/html"}, fault.Unknown, false},
		{"server error", graphsim.Fault{Status: 500, Code: "ErrorMoveCopyFailed", Message: "x"}, fault.Unknown, false},
		{"throttled", graphsim.Fault{Status: 429, Code: "ApplicationThrottled", Message: "x", RetryAfter: "0.9"}, fault.Retry, false},
		{"busy", graphsim.Fault{Status: 503, Code: "ErrorServerBusy", Message: "x"}, fault.Unknown, false},
		{"busy after acting", graphsim.Fault{Apply: true, Status: 503, Code: "ErrorServerBusy", Message: "x"}, fault.Unknown, true},
		{"busy after acting, asks to wait", graphsim.Fault{Apply: true, Status: 503, Code: "TooManyRequests", Message: "x", RetryAfter: "2"}, fault.Unknown, true},
		{"store unavailable after acting", graphsim.Fault{Apply: true, Status: 503, Code: "ErrorMailboxStoreUnavailable", Message: "x"}, fault.Unknown, true},
		{"mailbox stale after acting", graphsim.Fault{Apply: true, Status: 503, Code: "MailboxInfoStale", Message: "x"}, fault.Unknown, true},
		{"mailbox being moved, after acting", graphsim.Fault{Apply: true, Status: 503, Code: "ErrorMailboxMoveInProgress", Message: "x"}, fault.Unknown, true},
		{"full after acting", graphsim.Fault{Apply: true, Status: 507, Code: "ErrorQuotaExceeded", Message: "x"}, fault.Unknown, true},
		{"not implemented, after acting", graphsim.Fault{Apply: true, Status: 501, Body: page, Type: "text/html"}, fault.Unknown, true},
		{"an item's code with a server's status", graphsim.Fault{Apply: true, Status: 500, Code: "ErrorItemNotFound", Message: "x"}, fault.Unknown, true},
		{"a proxy's timeout after acting", graphsim.Fault{Apply: true, Status: 499, Body: page, Type: "text/html"}, fault.Unknown, true},
		{"conflict", graphsim.Fault{Status: 409, Code: "ErrorIrresolvableConflict", Message: "x"}, fault.Retry, false},
		{"denied", graphsim.Fault{Status: 403, Code: "ErrorAccessDenied", Message: "x"}, fault.Retry, false},
		{"gone", graphsim.Fault{Status: 404, Code: "ErrorItemNotFound", Message: "x"}, fault.Gone, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := start(t, graphsim.Options{})
			u := w.AddMailbox("anna@contoso.example")
			m := w.deliver(t, graphsim.Delivery{Mailbox: u.UPN})
			w.Inject(graphsim.Injection{Route: graphsim.RouteMove, Fault: c.fault})
			_, err := w.Move(t.Context(), u.ID, m.ImmutableID, exchange.Deletions)
			if f := faultOf(t, err); f.Class != c.class {
				t.Errorf("%+v", f)
			}
			if n := w.Count(graphsim.RouteMove, ""); n != 1 {
				t.Errorf("sent %d times", n)
			}
			if got := w.Messages(u.UPN)[0]; (got.Folder != "inbox") != c.moved {
				t.Errorf("it is in %s", got.Folder)
			}
		})
	}
}

func TestMove_timeout(t *testing.T) {
	w := start(t, graphsim.Options{}, func(_ *config.Tenant, o *Options) { o.Timeout = 300 * time.Millisecond })
	u := w.AddMailbox("anna@contoso.example")
	m := w.deliver(t, graphsim.Delivery{Mailbox: u.UPN})
	if _, err := w.Locate(t.Context(), u.ID, m.ImmutableID); err != nil { // a token is there
		t.Fatal(err)
	}
	w.Inject(graphsim.Injection{Route: graphsim.RouteMove, Fault: graphsim.Fault{Status: 500, Delay: 2 * time.Second}})
	_, err := w.Move(t.Context(), u.ID, m.ImmutableID, exchange.JunkEmail)
	if f := faultOf(t, err); f.Class != fault.Unknown || f.Code != "timeout" {
		t.Errorf("%+v", f)
	}
}

func TestMove_cancelledBeforeItIsSent(t *testing.T) {
	w := start(t, graphsim.Options{})
	u := w.AddMailbox("anna@contoso.example")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := w.Move(ctx, u.ID, "AAMkA", exchange.JunkEmail)
	if f := faultOf(t, err); f.Class != fault.Retry || w.Count(graphsim.RouteMove, "") != 0 {
		t.Errorf("%+v", f)
	}
}

func TestMove_folderIsGone(t *testing.T) {
	w := start(t, graphsim.Options{})
	u := w.AddMailbox("anna@contoso.example")
	m := w.deliver(t, graphsim.Delivery{Mailbox: u.UPN, Folder: "Projects"})
	if _, err := w.Move(t.Context(), u.ID, m.ImmutableID, exchange.Deletions); err != nil {
		t.Fatal(err)
	}
	w.RemoveFolder(u.UPN, "Projects")
	_, err := w.Move(t.Context(), u.ID, m.ImmutableID, exchange.Folder(m.FolderID))
	if f := faultOf(t, err); f.Class != fault.Gone || f.Status != 404 {
		t.Errorf("%+v", f)
	}
}

// TestPurge_nothingToParse: SDK defect 9 panics on a 204 in a batch; here there is no batch.
func TestPurge_nothingToParse(t *testing.T) {
	w := start(t, graphsim.Options{})
	u := w.AddMailbox("anna@contoso.example")
	m := w.deliver(t, graphsim.Delivery{Mailbox: u.UPN})
	if err := w.Purge(t.Context(), u.ID, m.ImmutableID); err != nil {
		t.Fatal(err)
	}
	if f := faultOf(t, w.Purge(t.Context(), u.ID, m.ImmutableID)); f.Class != fault.Gone {
		t.Errorf("the second time: %+v", f)
	}
}

func TestPurge_replyLost(t *testing.T) {
	w := start(t, graphsim.Options{})
	u := w.AddMailbox("anna@contoso.example")
	m := w.deliver(t, graphsim.Delivery{Mailbox: u.UPN})
	w.Inject(graphsim.Injection{Route: graphsim.RoutePurge, Fault: graphsim.Fault{Apply: true, Drop: true}})
	if f := faultOf(t, w.Purge(t.Context(), u.ID, m.ImmutableID)); f.Class != fault.Unknown {
		t.Errorf("%+v", f)
	}
	if n := w.Count(graphsim.RoutePurge, ""); n != 1 {
		t.Errorf("sent %d times", n)
	}
}

func TestPurge_cloudsWithoutIt(t *testing.T) {
	w := start(t, graphsim.Options{NoPurge: true})
	u := w.AddMailbox("anna@contoso.example")
	m := w.deliver(t, graphsim.Delivery{Mailbox: u.UPN})
	// The simulator takes a request that it does not offer for an error of the client's only where the path is unknown.
	for _, status := range []int{0, 400, 404, 405} {
		for _, code := range []string{"BadRequest", "ResourceNotFound", "UnknownError"} {
			if status != 0 {
				w.Inject(graphsim.Injection{Route: graphsim.RoutePurge, Fault: graphsim.Fault{
					Status: status, Code: code, Message: "Resource not found for the segment 'permanentDelete'."}})
			}
			if f := faultOf(t, w.Purge(t.Context(), u.ID, m.ImmutableID)); f.Class != fault.GiveUp ||
				f.Code != fault.CodeNoPermanentDelete {
				t.Errorf("a custom cloud, %d %s: %+v", status, code, f)
			}
		}
	}
	w.Inject(graphsim.Injection{Route: graphsim.RoutePurge, Fault: graphsim.Fault{Status: 404, Code: "ResourceNotFound", Message: "Resource could not be discovered."}})
	if f := faultOf(t, w.Purge(t.Context(), u.ID, m.ImmutableID)); f.Class != fault.Retry || !f.Slow {
		t.Errorf("a mailbox that is not to be had is taken for a cloud without the action: %+v", f)
	}
	for _, name := range []string{"gcc-high", "dod", "china"} {
		cloud, err := CloudOf(config.Graph{Cloud: name})
		if err != nil {
			t.Fatal(err)
		}
		national := *w.Client
		national.cloud = cloud
		w.ForgetCalls()
		if f := faultOf(t, national.Purge(t.Context(), u.ID, m.ImmutableID)); f.Code != "no_permanent_delete" ||
			len(w.Calls()) != 0 {
			t.Errorf("%s: %+v, %d calls", name, f, len(w.Calls()))
		}
	}
	if _, err := w.Move(t.Context(), u.ID, m.ImmutableID, exchange.Purges); err != nil {
		t.Errorf("the way round: %v", err)
	}
}

func TestLocate_movedByTheUser(t *testing.T) {
	w := start(t, graphsim.Options{})
	u := w.AddMailbox("anna@contoso.example")
	m := w.deliver(t, graphsim.Delivery{Mailbox: u.UPN, Read: true})
	w.UserMoves(u.UPN, m.Key, "Projects")
	c, err := w.Locate(t.Context(), u.ID, m.ImmutableID)
	if err != nil || c.Folder == m.FolderID || c.ID != m.ImmutableID || !c.Read || c.InternetMessageID != messageID ||
		c.Received.IsZero() {
		t.Errorf("%+v %v", c, err)
	}
	id, name, err := w.FolderID(t.Context(), u.ID, exchange.Folder(c.Folder))
	if err != nil || id != c.Folder || name != "Projects" {
		t.Errorf("%s %s %v", id, name, err)
	}
	w.UserMoves(u.UPN, m.Key, "")
	if _, err := w.Locate(t.Context(), u.ID, m.ImmutableID); faultOf(t, err).Class != fault.Gone {
		t.Error(err)
	}
}

func TestLocate_idsOfOthers(t *testing.T) {
	w := start(t, graphsim.Options{})
	anna, bert := w.AddMailbox("anna@contoso.example"), w.AddMailbox("bert@contoso.example")
	m := w.deliver(t, graphsim.Delivery{Mailbox: bert.UPN})
	for _, id := range []string{m.ImmutableID, "garbage", "AAMkA'; drop", "../../organization"} {
		if _, err := w.Locate(t.Context(), anna.ID, id); faultOf(t, err).Class != fault.Gone {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// TestMailbox_notAvailable: one and the same user gives two codes in turn (microsoft-graph-docs#10481).
func TestMailbox_notAvailable(t *testing.T) {
	w := start(t, graphsim.Options{})
	u := w.AddUser(graphsim.User{UPN: "old@contoso.example", Kind: graphsim.OnPremises})
	codes := map[string]bool{}
	for range 4 {
		_, err := w.Find(t.Context(), u.ID, messageID, "")
		f := faultOf(t, err)
		if f.Class != fault.Retry || !f.Slow {
			t.Errorf("%+v", f)
		}
		codes[f.Code] = true
	}
	if !codes["MailboxNotEnabledForRESTAPI"] || !codes["ResourceNotFound"] {
		t.Errorf("codes %v", codes)
	}
}

func TestMailbox_outsideTheScope(t *testing.T) {
	w := start(t, graphsim.Options{})
	anna, bert := w.AddMailbox("anna@contoso.example"), w.AddMailbox("bert@contoso.example")
	w.SetRoles("", "User.Read.All")
	w.GrantScope("", anna.UPN)
	if _, err := w.Find(t.Context(), anna.ID, messageID, ""); err != nil {
		t.Error(err)
	}
	_, err := w.Find(t.Context(), bert.ID, messageID, "")
	if f := faultOf(t, err); f.Class != fault.Retry || !f.Slow || f.Tenant {
		t.Errorf("%+v", f)
	}
}

func TestMIME_streams(t *testing.T) {
	w := start(t, graphsim.Options{})
	u := w.AddMailbox("anna@contoso.example")
	body := mail + strings.Repeat("0123456789abcdef\r\n", 200_000)
	m := w.deliver(t, graphsim.Delivery{Mailbox: u.UPN, MIME: []byte(body)})
	r, err := w.MIME(t.Context(), u.ID, m.ImmutableID)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if err != nil || !strings.HasSuffix(string(got), body) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if err := errors.Join(r.Close(), r.Close()); err != nil {
		t.Error(err)
	}
	if _, err := w.MIME(t.Context(), u.ID, "garbage"); faultOf(t, err).Class != fault.Gone {
		t.Error(err)
	}
}

// TestMIME_holdsAPlace: I3. What is still being read counts.
func TestMIME_holdsAPlace(t *testing.T) {
	w := start(t, graphsim.Options{}, func(c *config.Tenant, _ *Options) { c.Graph.MailboxConcurrent = 1 })
	u := w.AddMailbox("anna@contoso.example")
	m := w.deliver(t, graphsim.Delivery{Mailbox: u.UPN})
	r, err := w.MIME(t.Context(), u.ID, m.ImmutableID)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := w.Locate(ctx, u.ID, m.ImmutableID); faultOf(t, err).Class != fault.Retry {
		t.Error(err)
	}
	r.Close()
	if _, err := w.Locate(t.Context(), u.ID, m.ImmutableID); err != nil {
		t.Error(err)
	}
}

func TestMailbox_fourAtOnce(t *testing.T) {
	w := start(t, graphsim.Options{}, func(c *config.Tenant, _ *Options) { c.Graph.MailboxConcurrent = 99 })
	u := w.AddMailbox("anna@contoso.example")
	m := w.deliver(t, graphsim.Delivery{Mailbox: u.UPN})
	slow := graphsim.Fault{Delay: 50 * time.Millisecond, Apply: true, Status: 200, Body: fmt.Sprintf(`{"id":%q}`, m.ImmutableID)}
	w.Inject(graphsim.Injection{Times: -1, Mailbox: u.UPN, Fault: slow})
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			if _, err := w.Locate(t.Context(), u.ID, m.ImmutableID); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := w.places.InUse(); n != 0 {
		t.Errorf("%d queues are left", n)
	}
	most := 0
	for _, c := range w.Calls() {
		most = max(most, c.InFlight)
	}
	if most != 4 {
		t.Errorf("%d at once, want 4", most)
	}
}

func TestHeaders_fromListOrMIME(t *testing.T) {
	const second = "AAAA0000-1111-4222-8333-444444444444"
	head := "Received: x\r\n\tX-MS-Exchange-Organization-Network-Message-Id: folded-is-no-field\r\n" +
		"x-ms-office365-filtering-correlation-id:\r\n " + second + "\r\nMessage-ID: " + messageID + "\r\n\r\n" +
		"X-MS-Exchange-Organization-Network-Message-Id: in-the-body\r\n"
	w := start(t, graphsim.Options{})
	u := w.AddMailbox("anna@contoso.example")
	if _, _, err := w.FolderID(t.Context(), u.ID, exchange.Inbox); err != nil { // a token is there
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, folder string
		requests     int
	}{{"header list", "inbox", 1}, {"head of the MIME", "sentitems", 2}} {
		t.Run(c.name, func(t *testing.T) {
			m := w.deliver(t, graphsim.Delivery{Mailbox: u.UPN, Folder: c.folder, MIME: []byte(head)})
			w.ForgetCalls()
			ids, err := w.Headers(t.Context(), u.ID, m.ImmutableID)
			if err != nil || len(ids) != 2 || ids[0] != networkID || ids[1] != strings.ToLower(second) {
				t.Errorf("%q %v", ids, err)
			}
			if n := len(w.Calls()); n != c.requests {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func TestHeadIDs_brokenHeads(t *testing.T) {
	field := networkFields[0]
	for _, c := range []struct {
		name, head string
		want       int
	}{
		{"none", "Subject: x\r\n\r\nbody", 0},
		{"bare line feeds", "Subject: x\n" + field + ": A\n\n" + field + ": B\n", 1},
		{"ends without an empty line", field + ": A", 1},
		{"twice the same", field + ": A\r\n" + field + ": a\r\n\r\n", 1},
		{"twice different", field + ": A\r\n" + field + ": B\r\n\r\n", 2},
		{"empty value", field + ":\r\n\r\n", 0},
		{"empty", "", 0},
		{"begins folded", " " + field + ": A\r\n\r\n", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			ids, err := headIDs(strings.NewReader(c.head))
			if err != nil || len(ids) != c.want {
				t.Errorf("%q %v", ids, err)
			}
		})
	}
}

func FuzzHeadIDs(f *testing.F) {
	f.Add("Subject: x\r\n" + networkFields[0] + ": A\r\n b\r\n\r\n")
	f.Fuzz(func(t *testing.T, head string) {
		ids, err := headIDs(strings.NewReader(head))
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range ids {
			if id == "" || id != strings.ToLower(strings.TrimSpace(id)) {
				t.Errorf("%q", id)
			}
		}
	})
}

func TestFolderID_asItIsNow(t *testing.T) {
	w := start(t, graphsim.Options{})
	u := w.AddMailbox("anna@contoso.example")
	for range 3 {
		id, name, err := w.FolderID(t.Context(), u.ID, exchange.Deletions)
		if err != nil || id == "" || name != "Deletions" {
			t.Errorf("%s %s %v", id, name, err)
		}
	}
	if n := w.Count(graphsim.RouteFolder, ""); n != 3 {
		t.Errorf("asked %d times: what the user has removed since would be taken for there", n)
	}
	if _, _, err := w.FolderID(t.Context(), u.ID, "nowhere"); faultOf(t, err).Class != fault.Gone {
		t.Error(err)
	}
}
