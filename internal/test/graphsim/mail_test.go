package graphsim

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func noPrefer(r *http.Request) { r.Header.Del("Prefer") }

// TestMove_idChangesWithoutPrefer: Graph makes a copy and removes the original; the old id gives 404.
func TestMove_idChangesWithoutPrefer(t *testing.T) {
	c := newClient(t, Options{Rates: Calm()})
	u := c.sim.AddMailbox("anna@contoso.example")
	m := deliver(t, c.sim, u.UPN, "")
	list := c.do("GET", "/users/"+u.ID+"/messages", "", noPrefer)
	id, _ := list.values()[0]["id"].(string)
	if id == m.ImmutableID || list.header.Get("Preference-Applied") != "" {
		t.Fatalf("immutable without being asked: %+v", list)
	}
	moved := c.do("POST", "/users/"+u.ID+"/messages/"+id+"/move", `{"destinationId":"archive"}`, noPrefer)
	if moved.status != 201 || moved.json["id"] == id {
		t.Errorf("the id stayed: %+v", moved)
	}
	if r := c.do("GET", "/users/"+u.ID+"/messages/"+id, ""); r.status != 404 || r.code() != "ErrorItemNotFound" {
		t.Errorf("the old id is good: %+v", r)
	}
	if r := c.do("GET", "/users/"+u.ID+"/messages/"+m.ImmutableID, ""); r.status != 200 ||
		r.header.Get("Preference-Applied") != "IdType=ImmutableId" {
		t.Errorf("the immutable id: %+v", r)
	}
	if r := c.do("GET", "/users/"+u.ID+"/messages/"+strings.ToLower(m.ImmutableID), ""); r.status == 200 {
		t.Error("ids are case-sensitive")
	}
}

func TestMessages_selectAndHeaders(t *testing.T) {
	c := newClient(t, Options{Rates: Calm()})
	u := c.sim.AddMailbox("anna@contoso.example")
	m := deliver(t, c.sim, u.UPN, "")
	path := "/users/" + u.ID + "/messages/" + m.ImmutableID
	if r := c.do("GET", path, ""); r.json["internetMessageHeaders"] != nil || r.json["subject"] != "Invoice" {
		t.Errorf("headers without being selected: %+v", r.json)
	}
	r := c.do("GET", path+"?$select=internetMessageHeaders", "")
	if fields, _ := r.json["internetMessageHeaders"].([]any); len(fields) != 3 || r.json["subject"] != nil ||
		r.json["id"] != m.ImmutableID {
		t.Errorf("%+v", r.json)
	}
	if r := c.do("GET", path+"?$select=nonsense", ""); r.status != 400 {
		t.Errorf("an unknown property: %+v", r)
	}
	if r := c.do("GET", path+"/$value", ""); r.text != mail || r.header.Get("Content-Type") != "text/plain" {
		t.Errorf("MIME: %+v", r)
	}
	sent := deliver(t, c.sim, u.UPN, "sentitems")
	r = c.do("GET", "/users/"+u.ID+"/messages/"+sent.ImmutableID+"?$select=internetMessageHeaders", "")
	if r.status != 200 || r.json["internetMessageHeaders"] != nil {
		t.Errorf("a Sent Items copy: %+v", r)
	}
}

func TestMessages_pages(t *testing.T) {
	c := newClient(t, Options{Rates: Calm()})
	u := c.sim.AddMailbox("anna@contoso.example")
	for range 25 {
		deliver(t, c.sim, u.UPN, "")
	}
	seen, link := map[any]bool{}, "/users/"+u.ID+"/messages" // ten a page without $top
	pages := 0
	for link != "" {
		r := c.do("GET", link, "")
		for _, m := range r.values() {
			seen[m["id"]] = true
		}
		link, _ = r.json["@odata.nextLink"].(string)
		pages++
	}
	if len(seen) != 25 || pages != 3 {
		t.Errorf("%d messages on %d pages", len(seen), pages)
	}
}

func TestMessages_refusals(t *testing.T) {
	c := newClient(t, Options{Rates: Calm()})
	u, other := c.sim.AddMailbox("anna@contoso.example"), c.sim.AddMailbox("bert@contoso.example")
	foreign := deliver(t, c.sim, other.UPN, "")
	base := "/users/" + u.ID
	gone := "AAMkA" + strings.Repeat("x", 70)
	for _, v := range []struct {
		name, method, path, body string
		status                   int
		code                     string
	}{
		{"message that is gone", "GET", base + "/messages/" + gone, "", 404, "ErrorItemNotFound"},
		{"malformed id", "GET", base + "/messages/abc", "", 400, "ErrorInvalidIdMalformed"},
		{"id of another mailbox", "GET", base + "/messages/" + foreign.ImmutableID, "", 404, "ErrorInvalidMailboxItemId"},
		{"move of what is gone", "POST", base + "/messages/" + gone + "/move", `{"destinationId":"inbox"}`, 404, "ErrorItemNotFound"},
		{"unknown folder", "GET", base + "/mailFolders/nonsense", "", 404, "ErrorItemNotFound"},
		{"messages of an unknown folder", "GET", base + "/mailFolders/nonsense/messages", "", 404, "ErrorItemNotFound"},
		{"filter that is no filter", "GET", filter(base+"/messages", "internetMessageId eq <a>"), "", 400, "ErrorInvalidUrlQuery"},
		{"order with a filter", "GET", filter(base+"/messages", "isRead eq true") + "&$orderby=subject", "", 400, "InefficientFilter"},
		{"too large a page", "GET", base + "/messages?$top=1001", "", 400, "ErrorInvalidUrlQuery"},
		{"unknown user", "GET", "/users/nobody@contoso.example", "", 404, "Request_ResourceNotFound"},
		{"mailbox of an unknown user", "GET", "/users/nobody@contoso.example/messages", "", 404, "ErrorInvalidUser"},
	} {
		t.Run(v.name, func(t *testing.T) {
			r := c.do(v.method, v.path, v.body)
			if r.status != v.status || r.code() != v.code || r.header.Get("Request-Id") == "" {
				t.Errorf("%d %s", r.status, r.text)
			}
		})
	}
	if v := c.sim.Violations(); len(v) > 0 {
		t.Error(v)
	}
}

func TestMailbox_kinds(t *testing.T) {
	c := newClient(t, Options{Rates: Calm()})
	for kind, want := range map[Kind]string{
		SharedMailbox: "", RoomMailbox: "", OnPremises: "MailboxNotEnabledForRESTAPI", NoMailbox: "MailboxNotEnabledForRESTAPI",
		Guest: "MailboxNotEnabledForRESTAPI", DeletedUser: "Request_ResourceNotFound", Unlisted: "ErrorAccessDenied",
	} {
		u := c.sim.AddUser(User{UPN: string(kind) + "@contoso.example", Kind: kind})
		if r := c.do("GET", "/users/"+u.ID+"/messages", ""); r.code() != want {
			t.Errorf("%s: %d %s", kind, r.status, r.text)
		}
	}
}

func TestDeliver_late(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	c := newClient(t, Options{Rates: Calm(), Now: func() time.Time { return now }})
	u := c.sim.AddMailbox("anna@contoso.example")
	m, err := c.sim.Deliver(Delivery{Mailbox: u.UPN, MIME: []byte(mail), Visible: now.Add(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	if r := c.do("GET", "/users/"+u.ID+"/messages", ""); len(r.values()) != 0 {
		t.Error("it can be seen already")
	}
	if r := c.do("GET", "/users/"+u.ID+"/messages/"+m.ImmutableID, ""); r.status != 404 {
		t.Error("it can be had already")
	}
	now = now.Add(time.Minute)
	if r := c.do("GET", "/users/"+u.ID+"/messages", ""); len(r.values()) != 1 {
		t.Error("it never comes")
	}
}

func TestPurge_nationalCloud(t *testing.T) {
	c := newClient(t, Options{Rates: Calm(), NoPurge: true})
	u := c.sim.AddMailbox("anna@contoso.example")
	m := deliver(t, c.sim, u.UPN, "")
	if r := c.do("POST", "/users/"+u.ID+"/messages/"+m.ImmutableID+"/permanentDelete", ""); r.status != 400 ||
		!strings.Contains(r.text, "segment") {
		t.Errorf("%+v", r)
	}
	if got := c.sim.Messages(u.UPN)[0]; got.Purged {
		t.Error("purged all the same")
	}
}

func TestUpdate_readStateAlone(t *testing.T) {
	c := newClient(t, Options{Rates: Calm()})
	u := c.sim.AddMailbox("anna@contoso.example")
	m := deliver(t, c.sim, u.UPN, "")
	path := "/users/" + u.ID + "/messages/" + m.ImmutableID
	if r := c.do("PATCH", path, `{"@odata.type":"#microsoft.graph.message","isRead":true}`); r.status != 200 ||
		r.json["isRead"] != true {
		t.Errorf("%+v", r)
	}
	if r := c.do("PATCH", path, `{"isRead":true,"subject":"x"}`); r.status != 400 || len(c.sim.Violations()) != 1 {
		t.Errorf("%+v %v", r, c.sim.Violations())
	}
}

func TestGroups_andContacts(t *testing.T) {
	c := newClient(t, Options{Rates: Calm()})
	a := c.sim.AddMailbox("anna@contoso.example")
	g := c.sim.AddGroup(Group{Address: "team@contoso.example", Members: []string{a.UPN}})
	c.sim.AddContact(Contact{Address: "p@fabrikam.example"})
	ask := func(path, address string) reply {
		return c.do("GET",
			filter(path, "proxyAddresses/any(x:x eq 'smtp:"+address+"') or proxyAddresses/any(x:x eq 'SMTP:"+address+
				"')"), "")
	}
	if r := ask("/groups", "team@contoso.example"); len(r.values()) != 1 || r.values()[0]["id"] != g.ID {
		t.Errorf("group: %+v", r)
	}
	if r := ask("/contacts", "p@fabrikam.example"); len(r.values()) != 1 {
		t.Errorf("contact: %+v", r)
	}
	cast := "/groups/" + g.ID + "/transitiveMembers/microsoft.graph.user?$select=id"
	if r := c.do("GET", cast, ""); r.status != 400 {
		t.Errorf("a cast with options is an advanced query: %+v", r)
	}
	r := c.do("GET", cast+"&$count=true", "", func(q *http.Request) { q.Header.Set("ConsistencyLevel", "eventual") })
	if len(r.values()) != 1 || r.values()[0]["id"] != a.ID {
		t.Errorf("members: %+v", r)
	}
}

// TestMove_whereItsOwnerHasJustPutIt: a client that could not know of that is not to blame; one that moves twice is.
func TestMove_whereItsOwnerHasJustPutIt(t *testing.T) {
	for name, byOwner := range map[string]func(*Sim, Message){
		"moved":      func(s *Sim, m Message) { s.UserMoves(m.Mailbox, m.Key, "deleteditems") },
		"its folder": func(s *Sim, m Message) { s.RemoveFolder(m.Mailbox, "Projects") },
	} {
		c := newClient(t, Options{Rates: Calm()})
		u := c.sim.AddMailbox("anna@contoso.example")
		m := deliver(t, c.sim, u.UPN, "Projects")
		byOwner(c.sim, m)
		for again, want := range []int{0, 1} {
			c.do("POST", "/users/"+u.ID+"/messages/"+m.ImmutableID+"/move", `{"destinationId":"deleteditems"}`)
			if got := c.sim.Violations(); len(got) != want {
				t.Errorf("%s, moved there %d times by the client: violations %v", name, again+1, got)
			}
		}
	}
}
