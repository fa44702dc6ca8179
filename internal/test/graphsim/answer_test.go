package graphsim

import (
	"net/http"
	"testing"

	"clawback/internal/test/graphsim/openapi"
	"clawback/internal/test/needs"
)

// TestAnswers_areThoseOfTheDocument: what the simulator says has the form that Graph's own document gives it.
func TestAnswers_areThoseOfTheDocument(t *testing.T) {
	file, err := openapi.Find()
	needs.Samples(t, "Microsoft's OpenAPI documents of Graph", err)
	doc, err := openapi.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, Options{Rates: Calm(), Check: doc.Check})
	u := c.sim.AddMailbox("anna@contoso.example")
	g := c.sim.AddGroup(Group{Address: "team@contoso.example", Members: []string{u.UPN}})
	m := deliver(t, c.sim, u.UPN, "")
	box := "/users/" + u.ID
	message := box + "/messages/" + m.ImmutableID
	for _, v := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/organization?$select=id,displayName", "", 200},
		{"GET", "/users?$top=1", "", 200},
		{"GET", box, "", 200},
		{"GET", "/users/nobody@contoso.example", "", 404},
		{"GET", "/groups", "", 200},
		{"GET", "/groups/" + g.ID + "/transitiveMembers", "", 200},
		{"GET", box + "/mailFolders/inbox", "", 200},
		{"GET", box + "/mailFolders/inbox/messages?$select=id,internetMessageHeaders", "", 200},
		{"GET", filter(box+"/messages", "isRead eq false") + "&$top=50&$select=id,internetMessageHeaders,receivedDateTime", "", 200},
		{"GET", message + "?$select=id,subject", "", 200},
		{"GET", message + "x", "", 404},
		{"PATCH", message, `{"isRead":true}`, 200},
		{"POST", message + "/move", `{"destinationId":"junkemail"}`, 201},
		{"POST", message + "/permanentDelete", "", 204},
	} {
		r := c.do(v.method, v.path, v.body)
		if r.status != v.status {
			t.Errorf("%s %s: %d %s", v.method, v.path, r.status, r.text)
			continue
		}
		asked, err := http.NewRequest(v.method, c.sim.URL()+"/v1.0"+v.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := doc.CheckAnswer(asked, r.status, r.header, []byte(r.text)); err != nil {
			t.Errorf("%s %s: %v\n%s", v.method, v.path, err, r.text)
		}
	}
	if v := c.sim.Violations(); len(v) > 0 {
		t.Error(v)
	}
}
