package api

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// A token is made within the rights of its maker: by a token it is of the same owner, ends no later, and reads no
// bodies that its maker may not read.
func TestCreateToken_isWithinItsMakersRights(t *testing.T) {
	soon := time.Now().Add(48 * time.Hour).UTC().Truncate(time.Second)
	person := Principal{Name: "root (says ada)", All: Administrator}
	reader := Principal{Name: "bob (claimed; root, uid 0)", All: Administrator, Bodies: true}
	bearer := Principal{Name: "ada (token x, t1)", All: Administrator, Bodies: true, Token: &Bearer{"t1", "ada", soon}}
	one := func(change func(*NewToken)) NewToken {
		n := NewToken{Name: "n", Role: Analyst, Tenants: []string{"a"}}
		change(&n)
		return n
	}
	for _, c := range []struct {
		name    string
		who     Principal
		request NewToken
		want    Code
		says    string // of the answer, or of the error
	}{
		{"the maker's own", person, one(func(*NewToken) {}), "", "owner:root bodies:false"},
		{"the proven account's own", reader, one(func(n *NewToken) { n.Bodies = true }), "", "owner:root bodies:true"},
		{"for another one", person, one(func(n *NewToken) { n.Owner = "bob" }), "", "owner:bob"},
		{"by a token", bearer, one(func(n *NewToken) { n.Bodies = true }), "", "owner:ada bodies:true parent:t1"},
		{"by a token, for its owner", bearer, one(func(n *NewToken) { n.Owner = "ada" }), "", "owner:ada"},
		{"by a token, for another one", bearer, one(func(n *NewToken) { n.Owner = "bob" }), Forbidden, "its owner, ada"},
		{"by a token, to its end", bearer, one(func(n *NewToken) { n.Expires = soon }), "", "end:" + soon.Format(time.RFC3339)},
		{"by a token, beyond its end", bearer, one(func(n *NewToken) { n.Expires = soon.Add(time.Second) }), InvalidRequest, "the latest is " + soon.Format(time.RFC3339)},
		{"by a token, as long as it may", bearer, one(func(*NewToken) {}), "", "end:" + soon.Format(time.RFC3339)},
		{"bodies by who may read none", person, one(func(n *NewToken) { n.Bodies = true }), Forbidden, "may not read"},
		{"for more than a year", person, one(func(n *NewToken) { n.Expires = time.Now().AddDate(0, 0, MaxTokenDays+1) }), InvalidRequest, "the latest"},
		{"that has ended", person, one(func(n *NewToken) { n.Expires = time.Now() }), InvalidRequest, "has passed"},
		{"of no role", person, one(func(n *NewToken) { n.Role = Nobody }), InvalidRequest, "viewer, analyst"},
		{"of no tenant", person, one(func(n *NewToken) { n.Tenants = nil }), InvalidRequest, "every_tenant"},
		{"of some tenants and all", person, one(func(n *NewToken) { n.Every = true }), InvalidRequest, "not both"},
		{"of a tenant without a name", person, one(func(n *NewToken) { n.Tenants = []string{""} }), InvalidRequest, "no name"},
		{"of no such tenant", person, one(func(n *NewToken) { n.Tenants = []string{"c"} }), InvalidRequest, "name one of a, b"},
		{"of one tenant by two names", person, one(func(n *NewToken) { n.Tenants = []string{"b", tenantA, "a"} }), "", "tenants:[" + tenantA + " " + tenantB + "]"},
		{"of every tenant", person, one(func(n *NewToken) { n.Tenants, n.Every = nil, true }), "", "every:true"},
	} {
		made, err := CreateToken.Do(t.Context(), (&world{}).service(), c.who, c.request)
		m := made.Token
		said := fmt.Sprintf("owner:%s bodies:%v parent:%s end:%s tenants:%v every:%v", m.Owner, m.Bodies, m.Parent,
			m.Expires.Format(time.RFC3339), m.Tenants, m.Every)
		if err != nil {
			said = err.Error()
		}
		if CodeOf(err) != c.want || !strings.Contains(said, c.says) {
			t.Errorf("%s: %s %s, want %s that says %q", c.name, CodeOf(err), said, c.want, c.says)
		}
	}
	if got, err := CreateToken.Do(t.Context(), (&world{}).service(), person, one(func(*NewToken) {})); err != nil ||
		time.Until(got.Token.Expires) > TokenDays*25*time.Hour ||
		time.Until(got.Token.Expires) < TokenDays*23*time.Hour {
		t.Errorf("a token lives until %s, %v", got.Token.Expires, err)
	}
}

// A token that has ended is listed where it is asked for, and cannot be revoked.
func TestListTokens_thoseThatEnded(t *testing.T) {
	s, root := (&world{}).service(), Root("ada")
	for ended, want := range map[bool]int{false: 4, true: 5} {
		page, err := ListTokens.Do(t.Context(), s, root, TokenQuery{Ended: ended})
		if err != nil || len(page.Items) != want {
			t.Errorf("ended %v: %d, %v", ended, len(page.Items), err)
		}
	}
	if page, err := ListTokens.Do(t.Context(), s, root, TokenQuery{Tenant: "b"}); err != nil || len(page.Items) != 2 {
		t.Errorf("of b: %+v, %v", page.Items, err)
	}
	if _, err := RevokeToken.Do(t.Context(), s, root, ItemOrder{ID: "token-a2"}); CodeOf(err) != WrongState {
		t.Errorf("%v", err)
	}
}

// Who asks is told as the door has proven it.
func TestShowPrincipal(t *testing.T) {
	p := Principal{Name: "ada (token x, t1)", Tenants: map[string]Role{tenantA: Analyst}, Token: &Bearer{"t1", "ada", time.Now()}}
	w, err := ShowPrincipal.Do(t.Context(), (&world{}).service(), p, None{})
	if err != nil || w.Name != p.Name || w.Role != Nobody || w.Tenants[tenantA] != Analyst || w.Token != "t1" ||
		w.Expires.IsZero() {
		t.Errorf("%+v, %v", w, err)
	}
}
