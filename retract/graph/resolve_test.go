package graph

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"clawback/config"
	"clawback/internal/test/graphsim"
	"clawback/retract/fault"
)

func populate(w *world) map[string]graphsim.User {
	out := map[string]graphsim.User{}
	for _, u := range []graphsim.User{
		{UPN: "anna@contoso.example", Aliases: []string{"Sales@Contoso.example", "o'brien@contoso.example", "a+b&c#d%e@contoso.example"}},
		{UPN: "login.name@contoso.example", Mail: "Bert.Baker@contoso.example"},
		{UPN: "info@contoso.example", Kind: graphsim.SharedMailbox},
		{UPN: "room1@contoso.example", Kind: graphsim.RoomMailbox},
		{UPN: "old@contoso.example", Kind: graphsim.OnPremises},
		{UPN: "left@contoso.example", Kind: graphsim.DeletedUser},
		{UPN: "guest_fabrikam.example#EXT#@contoso.example", Mail: "guest@fabrikam.example", Kind: graphsim.Guest},
		{UPN: "$cash@contoso.example", Mail: "cash.desk@contoso.example"},
	} {
		out[u.UPN] = w.AddUser(u)
	}
	w.AddGroup(graphsim.Group{Address: "team@contoso.example", Members: []string{"anna@contoso.example", "info@contoso.example", "guest_fabrikam.example#EXT#@contoso.example"}})
	w.AddContact(graphsim.Contact{Address: "partner@fabrikam.example"})
	return out
}

func TestResolve_kindsOfAddresses(t *testing.T) {
	w := start(t, graphsim.Options{})
	users := populate(w)
	for _, c := range []struct{ name, address, upn string }{
		{"UPN", "anna@contoso.example", "anna@contoso.example"},
		{"UPN in other case", " ANNA@Contoso.Example ", "anna@contoso.example"},
		{"alias", "sales@contoso.example", "anna@contoso.example"},
		{"alias with a quote", "O'Brien@contoso.example", "anna@contoso.example"},
		{"alias with what URLs are made of", "a+b&c#d%e@contoso.example", "anna@contoso.example"},
		{"primary address that is not the UPN", "bert.baker@contoso.example", "login.name@contoso.example"},
		{"UPN that is no address", "login.name@contoso.example", "login.name@contoso.example"},
		{"shared mailbox", "info@contoso.example", "info@contoso.example"},
		{"room", "room1@contoso.example", "room1@contoso.example"},
		{"on premises", "old@contoso.example", "old@contoso.example"},
		{"UPN that begins with a dollar sign", "$cash@contoso.example", "$cash@contoso.example"},
	} {
		t.Run(c.name, func(t *testing.T) {
			box, err := w.Resolve(t.Context(), c.address)
			if want := users[c.upn]; err != nil || box.ID != want.ID || box.Name != want.UPN {
				t.Errorf("%+v %v", box, err)
			}
		})
	}
}

// TestResolve_plusAddresses: the exact address first, whatever has it, then what stands before the first plus sign.
func TestResolve_plusAddresses(t *testing.T) {
	w := start(t, graphsim.Options{})
	users := populate(w)
	lists := w.AddUser(graphsim.User{UPN: "anna+lists@contoso.example"})
	login := w.AddUser(graphsim.User{UPN: "bob+admin@contoso.example", Mail: "bob.admin@contoso.example"})
	bob := w.AddUser(graphsim.User{UPN: "bob@contoso.example"})
	w.AddGroup(graphsim.Group{Address: "anna+team@contoso.example", Members: []string{"info@contoso.example"}})
	w.AddContact(graphsim.Contact{Address: "anna+partner@contoso.example"})
	anna := users["anna@contoso.example"]
	for _, c := range []struct {
		name, address string
		want          graphsim.User
		says          string // of no mailbox
	}{
		{"a tag", "anna+news@contoso.example", anna, ""},
		{"in other case", "ANNA+News@Contoso.example", anna, ""},
		{"of an alias", "sales+x@contoso.example", anna, ""},
		{"several plus signs", "anna+a+b@contoso.example", anna, ""},
		{"an empty tag", "anna+@contoso.example", anna, ""},
		{"of the primary address that is not the login name", "bert.baker+x@contoso.example", users["login.name@contoso.example"], ""},
		{"of a shared mailbox", "info+x@contoso.example", users["info@contoso.example"], ""},
		{"the whole address is a proxy address", "anna+lists@contoso.example", lists, ""},
		{"the whole address is a login name", "bob+admin@contoso.example", login, ""},
		{"another tag of it", "bob+other@contoso.example", bob, ""},
		{"a tag behind such an address", "anna+lists+x@contoso.example", anna, ""},
		{"an alias with a plus sign of its own", "a+b&c#d%e@contoso.example", anna, ""},
		{"the whole address is a group's", "anna+team@contoso.example", graphsim.User{}, "a group"},
		{"the whole address is a contact's", "anna+partner@contoso.example", graphsim.User{}, "a mail contact"},
		{"a tag of a group", "team+x@contoso.example", graphsim.User{}, "a group"},
		{"a tag of a guest", "guest+x@fabrikam.example", graphsim.User{}, "a guest"},
		{"nobody", "nobody+x@contoso.example", graphsim.User{}, "no account"},
		{"no name before the tag", "+x@contoso.example", graphsim.User{}, "no account"},
		{"the plus sign is in the domain", "anna@con+toso.example", graphsim.User{}, "no account"},
	} {
		t.Run(c.name, func(t *testing.T) {
			box, err := w.Resolve(t.Context(), c.address)
			if c.says != "" {
				if f := faultOf(t, err); f.Code != fault.CodeNoMailbox || !strings.Contains(f.Detail, c.says) {
					t.Errorf("%+v", f)
				}
				return
			}
			if err != nil || box.ID != c.want.ID {
				t.Errorf("%+v %v, want %s", box, err, c.want.UPN)
			}
		})
	}
	list, err := w.Members(t.Context(), "team+news@contoso.example")
	if err != nil || len(list) != 2 {
		t.Errorf("members of a group by an address with a tag: %v %v", list, err)
	}
}

// TestResolve_troubleIsNotTakenForNobody: a tag is only taken off where the directory has said that nothing has the
// address.
func TestResolve_troubleIsNotTakenForNobody(t *testing.T) {
	for _, route := range []graphsim.Route{graphsim.RouteUsers, graphsim.RouteUser, graphsim.RouteGroups, graphsim.RouteContacts} {
		w := start(t, graphsim.Options{})
		populate(w)
		w.Inject(graphsim.Injection{Route: route, Fault: graphsim.Fault{Status: 503, Code: "x", Message: "y"}})
		if _, err := w.Resolve(t.Context(), "anna+news@contoso.example"); faultOf(t, err).Class != fault.Retry {
			t.Errorf("%s: %v", route, err)
		}
	}
}

// TestResolve_byObjectID gives the addresses as they are now.
func TestResolve_byObjectID(t *testing.T) {
	w := start(t, graphsim.Options{})
	users := populate(w)
	anna := users["anna@contoso.example"]
	box, err := w.Resolve(t.Context(), strings.ToUpper(anna.ID))
	if err != nil || box.ID != anna.ID || len(box.Addresses) != 4 {
		t.Errorf("%+v %v", box, err)
	}
	if n := w.Count(graphsim.RouteUsers, ""); n != 0 {
		t.Errorf("%d searches by address", n)
	}
	for _, id := range []string{"00000000-1111-4222-8333-444444444444", users["left@contoso.example"].ID} {
		if _, err := w.Resolve(t.Context(), id); faultOf(t, err).Code != fault.CodeNoMailbox {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func TestResolve_noMailbox(t *testing.T) {
	w := start(t, graphsim.Options{})
	populate(w)
	for _, c := range []struct{ name, address, says string }{
		{"group", "team@contoso.example", "a group"},
		{"mail contact", "partner@fabrikam.example", "a mail contact"},
		{"guest by address", "guest@fabrikam.example", "a guest"},
		{"guest by UPN", "guest_fabrikam.example#EXT#@contoso.example", "a guest"},
		{"unknown", "nobody@contoso.example", "no account"},
		{"deleted user", "left@contoso.example", "no account"},
		{"part of a name", "anna", "malformed"},
		{"nothing", "", "malformed"},
		{"header injection", "a@b\r\nc@d", "malformed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := w.Resolve(t.Context(), c.address)
			f := faultOf(t, err)
			if f.Class != fault.GiveUp || f.Code != "no_mailbox" || !strings.Contains(f.Detail, c.says) {
				t.Errorf("%+v", f)
			}
		})
	}
}

func TestResolve_withoutOptionalPermissions(t *testing.T) {
	w := start(t, graphsim.Options{})
	populate(w)
	w.SetRoles("", "Mail.ReadWrite", "User.Read.All")
	for _, address := range []string{"team@contoso.example", "partner@fabrikam.example"} {
		_, err := w.Resolve(t.Context(), address)
		if f := faultOf(t, err); f.Code != "no_mailbox" {
			t.Errorf("%s: %+v", address, f)
		}
	}
	w = start(t, graphsim.Options{})
	populate(w)
	w.SetRoles("", "Mail.ReadWrite")
	_, err := w.Resolve(t.Context(), "anna@contoso.example")
	if f := faultOf(t, err); f.Class != fault.Auth || !f.Tenant || !strings.Contains(f.Detail, "User.Read.All") {
		t.Errorf("%+v", f)
	}
}

func TestResolve_ambiguous(t *testing.T) {
	w := start(t, graphsim.Options{})
	w.Inject(graphsim.Injection{Route: graphsim.RouteUsers, Fault: graphsim.Fault{
		Status: 200, Body: `{"value":[{"id":"1","userPrincipalName":"a@x"},{"id":"2","userPrincipalName":"b@x"}]}`,
	}})
	_, err := w.Resolve(t.Context(), "both@contoso.example")
	if f := faultOf(t, err); f.Class != fault.GiveUp || f.Code != "ambiguous_address" {
		t.Errorf("%+v", f)
	}
}

func TestResolve_isCached(t *testing.T) {
	var mu sync.Mutex
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	w := start(t, graphsim.Options{Now: clock, TokenLife: 1000 * time.Hour}, func(_ *config.Tenant, o *Options) { o.Now = clock })
	populate(w)
	ask := func(address string) { w.Resolve(t.Context(), address) }
	step := func(d time.Duration) { mu.Lock(); defer mu.Unlock(); now = now.Add(d); w.ForgetCalls() }
	ask("anna@contoso.example")
	ask("ANNA@contoso.example")
	if n := w.Count(graphsim.RouteUsers, ""); n != 1 {
		t.Errorf("asked %d times", n)
	}
	step(59 * time.Minute)
	ask("anna@contoso.example")
	if n := len(w.Calls()); n != 0 {
		t.Errorf("asked again within the hour: %d", n)
	}
	step(2 * time.Minute)
	ask("anna@contoso.example")
	if n := w.Count(graphsim.RouteUsers, ""); n != 1 {
		t.Errorf("not asked again after an hour: %d", n)
	}
	ask("nobody@contoso.example")
	step(5 * time.Minute)
	ask("nobody@contoso.example")
	if n := len(w.Calls()); n != 0 {
		t.Errorf("a refusal is not remembered: %d", n)
	}
	step(6 * time.Minute)
	ask("nobody@contoso.example")
	if n := w.Count(graphsim.RouteUsers, ""); n != 1 {
		t.Errorf("a refusal is remembered too long: %d", n)
	}
}

func TestResolve_failuresAreNotCached(t *testing.T) {
	w := start(t, graphsim.Options{})
	populate(w)
	w.Inject(graphsim.Injection{Route: graphsim.RouteUsers, Fault: graphsim.Fault{Status: 503, Code: "serviceNotAvailable", Message: "x"}})
	if _, err := w.Resolve(t.Context(), "anna@contoso.example"); faultOf(t, err).Class != fault.Retry {
		t.Error(err)
	}
	if _, err := w.Resolve(t.Context(), "anna@contoso.example"); err != nil {
		t.Error(err)
	}
}

func TestResolve_manyAtOnceAskOnce(t *testing.T) {
	w := start(t, graphsim.Options{Latency: 50 * time.Millisecond})
	users := populate(w)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if box, err := w.Resolve(t.Context(), "sales@contoso.example"); err != nil ||
				box.ID != users["anna@contoso.example"].ID {
				t.Errorf("%+v %v", box, err)
			}
		})
	}
	wg.Wait()
	if n := w.Count(graphsim.RouteUsers, ""); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

// TestResolve_anewAfterTheAccountIsGone: Request_ResourceNotFound drops what is remembered.
func TestResolve_anewAfterTheAccountIsGone(t *testing.T) {
	w := start(t, graphsim.Options{})
	users := populate(w)
	anna := users["anna@contoso.example"]
	if _, err := w.Resolve(t.Context(), "sales@contoso.example"); err != nil {
		t.Fatal(err)
	}
	w.SetKind(anna.UPN, graphsim.DeletedUser)
	_, err := w.Find(t.Context(), anna.ID, messageID, "")
	if f := faultOf(t, err); f.Class != fault.GiveUp || f.Code != "Request_ResourceNotFound" {
		t.Errorf("%+v", f)
	}
	if _, err := w.Resolve(t.Context(), "sales@contoso.example"); faultOf(t, err).Code != "no_mailbox" {
		t.Errorf("the old answer: %v", err)
	}
}

func TestMembers_expandsAGroup(t *testing.T) {
	w := start(t, graphsim.Options{})
	users := populate(w)
	boxes, err := w.Members(t.Context(), "Team@contoso.example")
	if err != nil || len(boxes) != 2 || boxes[0].ID != users["anna@contoso.example"].ID {
		t.Errorf("%+v %v", boxes, err)
	}
	crowd := graphsim.Group{Address: "all@contoso.example"}
	for i := range 1201 {
		crowd.Members = append(crowd.Members, w.AddMailbox(fmt.Sprintf("u%d@contoso.example", i)).UPN)
	}
	w.AddGroup(crowd)
	w.ForgetCalls()
	if boxes, err = w.Members(t.Context(), crowd.Address); err != nil || len(boxes) != 1201 ||
		w.Count(graphsim.RouteMembers, "") != 3 {
		t.Errorf("%d members on %d pages: %v", len(boxes), w.Count(graphsim.RouteMembers, ""), err)
	}
	if _, err := w.Members(t.Context(), "anna@contoso.example"); faultOf(t, err).Code != "no_mailbox" {
		t.Error(err)
	}
}

// The permission to read groups is optional. What its lack looks like is known to retract, which passes over it.
func TestMembers_withoutPermission(t *testing.T) {
	w := start(t, graphsim.Options{})
	populate(w)
	w.SetRoles("", "Mail.ReadWrite", "User.Read.All")
	_, err := w.Members(t.Context(), "team@contoso.example")
	if f := faultOf(t, err); f.Status != http.StatusForbidden {
		t.Errorf("%+v", f)
	}
}

// TestResolve_gatewaysNotFound: a 404 that Graph did not write does not make a recipient an unknown one.
func TestResolve_gatewaysNotFound(t *testing.T) {
	for _, body := range []string{"<html>404</html>", "{}", `{"error":{"code":"ResourceNotFound"}}`} {
		w := start(t, graphsim.Options{})
		w.Inject(graphsim.Injection{Times: -1, Fault: graphsim.Fault{Status: 404, Body: body}})
		_, err := w.Resolve(t.Context(), "anna@contoso.example")
		if f := faultOf(t, err); f.Class != fault.Retry || f.Code == "no_mailbox" {
			t.Errorf("%s: %+v", body, f)
		}
		w = start(t, graphsim.Options{})
		w.Inject(graphsim.Injection{Route: graphsim.RouteUser, Times: -1, Fault: graphsim.Fault{Status: 404, Body: body}})
		if _, err := w.Resolve(t.Context(), "anna@contoso.example"); faultOf(t, err).Code == "no_mailbox" {
			t.Errorf("%s: by name: %v", body, err)
		}
	}
}
