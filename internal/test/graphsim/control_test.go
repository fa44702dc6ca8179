package graphsim

import (
	"encoding/base64"
	"strings"
	"testing"
)

func TestControl_feedsAndShows(t *testing.T) {
	c := newClient(t, Options{Rates: Calm(), Control: true})
	at := func(name string) string { return c.sim.URL() + ControlPath + name }
	for _, v := range []struct {
		name, body string
		status     int
	}{
		{"users", `{"UPN":"anna@contoso.example","Aliases":["sales@contoso.example"]}`, 200},
		{"users", `{"UPN":"x@y","Tenant":"nowhere"}`, 400},
		{"users", `{"upm":"misspelt"}`, 400},
		{"users", `{`, 400},
		{"groups", `{"Address":"team@contoso.example","Members":["anna@contoso.example"]}`, 200},
		{"contacts", `{"Address":"p@fabrikam.example"}`, 200},
		{"tenants", `{"ID":"22222222-2222-4333-8444-555555555555","Name":"Fabrikam"}`, 200},
		{"messages", `{"Mailbox":"anna@contoso.example","MIME":"` + base64.StdEncoding.EncodeToString([]byte(mail)) + `"}`, 200},
		{"messages", `{"Mailbox":"nobody@contoso.example"}`, 400},
		{"faults", `{"Route":"messages","Fault":{"Status":503,"Code":"x","Message":"y"}}`, 200},
		{"rates", `{}`, 200},
		{"nonsense", `{}`, 400},
	} {
		if r := c.do("POST", at(v.name), v.body); r.status != v.status {
			t.Errorf("%s %s: %d %s", v.name, v.body, r.status, r.text)
		}
	}
	id := guid(DefaultTenant().ID + "/anna@contoso.example")
	if r := c.do("GET", "/users/"+id+"/messages", ""); r.status != 503 {
		t.Errorf("the fault did not strike: %+v", r)
	}
	for name, want := range map[string]string{
		"messages?mailbox=anna@contoso.example": "Invoice", "calls": `"Status":503`, "violations": "[]", "changed": "[]",
		"messages?mailbox=nobody@contoso.example": "[]",
	} {
		if r := c.do("GET", at(name), ""); r.status != 200 || !strings.Contains(r.text, want) {
			t.Errorf("%s: %d %s", name, r.status, r.text)
		}
	}
	if r := c.do("PUT", at("users"), "{}"); r.status != 400 {
		t.Errorf("PUT: %+v", r)
	}
}

func TestControl_isOffByDefault(t *testing.T) {
	c := newClient(t, Options{Rates: Calm()})
	if r := c.do("GET", c.sim.URL()+ControlPath+"calls", ""); r.status == 200 {
		t.Errorf("%+v", r)
	}
}
