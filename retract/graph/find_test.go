package graph

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"clawback/internal/test/graphsim"
	"clawback/retract/exchange"
	"clawback/retract/fault"
)

func withID(id string) []byte {
	return []byte("From: m@example.com\r\nMessage-ID: " + id + "\r\nSubject: s\r\n\r\nx\r\n")
}

// TestFind_escaping: an id that is not escaped right finds nothing, silently (microsoft-graph-docs#4101).
func TestFind_escaping(t *testing.T) {
	for _, c := range []struct{ name, id string }{
		{"plain", "<abc@mail.example.com>"},
		{"plus", "<CAF+a+b@mail.example.com>"},
		{"equals and slash", "<CAF=/x=@mail.example.com>"},
		{"percent", "<100%@mail.example.com>"},
		{"percent that looks encoded", "<a%2Bb%25@mail.example.com>"},
		{"one quote", "<o'brien@mail.example.com>"},
		{"quotes", "<''a'''@mail.example.com>"},
		{"end of a literal", "<x' or internetMessageId ne '@mail.example.com>"},
		{"ampersand and hash", "<a&$top=1#b@mail.example.com>"},
		{"question mark and semicolon", "<a?b;c@mail.example.com>"},
		{"space", "<a b@mail.example.com>"},
		{"backslash and braces", `<a\b{c}[d]@mail.example.com>`},
		{"non-ASCII", "<grüße-漢字-🦀@mail.example.com>"},
		{"no brackets", "abc@mail.example.com"},
		{"998 bytes", "<" + strings.Repeat("a'+%", 248) + "@e.co>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := start(t, graphsim.Options{})
			u := w.AddMailbox("anna@contoso.example")
			want := w.deliver(t, graphsim.Delivery{Mailbox: u.UPN, MIME: withID(c.id)})
			w.deliver(t, graphsim.Delivery{Mailbox: u.UPN, MIME: withID("<another@mail.example.com>")})
			found, err := w.Find(t.Context(), u.ID, c.id, "")
			if err != nil || len(found) != 1 || found[0].ID != want.ImmutableID {
				t.Errorf("%v %+v", err, found)
			}
			if n := w.Count(graphsim.RouteMessages, ""); n != 1 {
				t.Errorf("%d requests: the first filter should do", n)
			}
		})
	}
}

// TestFind_exactly: the service compares without case, and so hits another message.
func TestFind_exactly(t *testing.T) {
	w := start(t, graphsim.Options{})
	u := w.AddMailbox("anna@contoso.example")
	w.deliver(t, graphsim.Delivery{Mailbox: u.UPN, MIME: withID("<ABC@mail.example.com>")})
	want := w.deliver(t, graphsim.Delivery{Mailbox: u.UPN, MIME: withID("<abc@mail.example.com>")})
	found, err := w.Find(t.Context(), u.ID, "<abc@mail.example.com>", "")
	if err != nil || len(found) != 1 || found[0].ID != want.ImmutableID {
		t.Errorf("%v %+v", err, found)
	}
}

func TestFind_everyFolderButRecoverableItems(t *testing.T) {
	w := start(t, graphsim.Options{})
	u := w.AddMailbox("anna@contoso.example")
	places := []string{"inbox", "deleteditems", "junkemail", "sentitems", "drafts", "Projects", "recoverableitemsdeletions"}
	for _, place := range places {
		w.deliver(t, graphsim.Delivery{Mailbox: u.UPN, Folder: place, Draft: place == "drafts"})
	}
	found, err := w.Find(t.Context(), u.ID, messageID, "")
	if err != nil || len(found) != len(places)-1 {
		t.Fatalf("%v: %d hits", err, len(found))
	}
	drafts, withoutHeaders := 0, 0
	for _, c := range found {
		if c.Draft {
			drafts++
		}
		if !c.HasHeaders {
			withoutHeaders++ // Sent Items: microsoft-graph-docs#18761
		}
	}
	if drafts != 1 || withoutHeaders != 1 {
		t.Errorf("%d drafts, %d without headers", drafts, withoutHeaders)
	}
	found, err = w.Find(t.Context(), u.ID, messageID, exchange.Deletions)
	if err != nil || len(found) != 1 {
		t.Errorf("in Deletions: %v %+v", err, found)
	}
}

func TestFind_followsPages(t *testing.T) {
	w := start(t, graphsim.Options{})
	u := w.AddMailbox("anna@contoso.example")
	const copies = 2*pageSize + 7
	for range copies {
		w.deliver(t, graphsim.Delivery{Mailbox: u.UPN})
	}
	found, err := w.Find(t.Context(), u.ID, messageID, "")
	if err != nil || len(found) != copies || w.Count(graphsim.RouteMessages, "") != 3 {
		t.Errorf("%v: %d hits by %d requests", err, len(found), w.Count(graphsim.RouteMessages, ""))
	}
	seen := map[string]bool{}
	for _, c := range found {
		seen[c.ID] = true
	}
	if len(seen) != copies {
		t.Errorf("%d different ids", len(seen))
	}
	found, err = w.Find(t.Context(), u.ID, messageID, exchange.Inbox)
	if err != nil || len(found) != copies {
		t.Errorf("in a folder: %v: %d hits", err, len(found))
	}
}

// TestFind_linkToAnotherHost: I6. The link of an answer must not carry the token away.
func TestFind_linkToAnotherHost(t *testing.T) {
	w := start(t, graphsim.Options{})
	u := w.AddMailbox("anna@contoso.example")
	w.Inject(graphsim.Injection{Route: graphsim.RouteMessages, Fault: graphsim.Fault{
		Status: 200, Body: `{"value":[],"@odata.nextLink":"https://evil.example/v1.0/users/x/messages"}`,
	}})
	_, err := w.Find(t.Context(), u.ID, messageID, "")
	if f := faultOf(t, err); f.Code != "foreign_host" || f.Class != fault.GiveUp {
		t.Errorf("%+v", f)
	}
}

func TestFind_linksWithoutEnd(t *testing.T) {
	w := start(t, graphsim.Options{})
	u := w.AddMailbox("anna@contoso.example")
	w.Inject(graphsim.Injection{Route: graphsim.RouteMessages, Times: -1, Fault: graphsim.Fault{
		Status: 200, Body: fmt.Sprintf(`{"value":[],"@odata.nextLink":"%s/v1.0/users/%s/messages"}`, w.URL(), u.ID),
	}})
	_, err := w.Find(t.Context(), u.ID, messageID, "")
	if f := faultOf(t, err); f.Class != fault.GiveUp || f.Code != "too_many" {
		t.Errorf("%+v", f)
	}
	if n := w.Count(graphsim.RouteMessages, ""); n != maxPages {
		t.Errorf("%d pages", n)
	}
}

// TestFind_fallback: when the property's filter finds nothing, the extended property is asked for.
func TestFind_fallback(t *testing.T) {
	w := start(t, graphsim.Options{})
	u := w.AddMailbox("anna@contoso.example")
	want := w.deliver(t, graphsim.Delivery{Mailbox: u.UPN})
	nothing := graphsim.Fault{Status: 200, Body: `{"value":[]}`}
	w.Inject(graphsim.Injection{Route: graphsim.RouteMessages, Fault: nothing})
	found, err := w.Find(t.Context(), u.ID, messageID, "")
	if err != nil || len(found) != 1 || found[0].ID != want.ImmutableID {
		t.Errorf("%v %+v", err, found)
	}
	w.Inject(graphsim.Injection{Route: graphsim.RouteMessages, Fault: nothing})
	w.Inject(graphsim.Injection{Route: graphsim.RouteMessages, Fault: graphsim.Fault{Status: 400, Code: "ErrorInvalidUrlQuery", Message: "no"}})
	if found, err := w.Find(t.Context(), u.ID, messageID, ""); err != nil || len(found) != 0 {
		t.Errorf("a fallback that is not understood: %v %+v", err, found)
	}
	w.Inject(graphsim.Injection{Route: graphsim.RouteMessages, Fault: nothing})
	w.Inject(graphsim.Injection{Route: graphsim.RouteMessages, Fault: graphsim.Fault{Status: 503, Code: "ErrorServerBusy", Message: "no"}})
	if _, err := w.Find(t.Context(), u.ID, messageID, ""); faultOf(t, err).Class != fault.Retry {
		t.Errorf("a fallback that failed is no answer: %v", err)
	}
}

func TestFind_onlyOnceForPlainIdsInAFolder(t *testing.T) {
	w := start(t, graphsim.Options{})
	u := w.AddMailbox("anna@contoso.example")
	for id, want := range map[string]int{"<plain-1.a_b@mail.example.com>": 1, "<a+b@mail.example.com>": 2} {
		w.ForgetCalls()
		if _, err := w.Find(t.Context(), u.ID, id, exchange.Deletions); err != nil {
			t.Fatal(err)
		}
		if n := w.Count(graphsim.RouteFolderMessages, ""); n != want {
			t.Errorf("%s: %d requests, want %d", id, n, want)
		}
	}
}

func TestFind_refusesWhatIsNoMessageID(t *testing.T) {
	w := start(t, graphsim.Options{})
	for _, id := range []string{"", "<a\r\nb@x>", "<a\x00@x>"} {
		if _, err := w.Find(t.Context(), "u", id, ""); faultOf(t, err).Class != fault.GiveUp {
			t.Errorf("%q: %v", id, err)
		}
	}
	if n := len(w.Calls()); n != 0 {
		t.Errorf("%d requests", n)
	}
}

// TestFind_asksForImmutableIDs: I2, on every request of every method.
func TestFind_asksForImmutableIDs(t *testing.T) {
	a, b := headers(), headers()
	if a.Get("client-request-id")[0] == b.Get("client-request-id")[0] || a.Get("Prefer")[0] != `IdType="ImmutableId"` {
		t.Error("headers are shared")
	}
	if id := a.Get("client-request-id")[0]; len(id) != 36 || uuid.Validate(id) != nil {
		t.Errorf("client-request-id %s", id)
	}
}
