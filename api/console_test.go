package api

import (
	"strings"
	"testing"
)

// Links to sign in are made on the machine alone: neither a program with a token nor a session makes more of itself.
func TestMakeSignInLink_onlyOnTheMachine(t *testing.T) {
	root, byToken, bySession := Root("root"), Root("ada (token soar, t1)"), Root("ada (session s1)")
	byToken.Token, bySession.Session = &Bearer{ID: "t1", Owner: "ada"}, "s1"
	for _, tc := range []struct {
		who  Principal
		n    NewSignInLink
		code Code
	}{
		{root, NewSignInLink{Role: Administrator}, ""},
		{root, NewSignInLink{Role: Viewer, Tenants: []string{"a"}}, ""},
		{root, NewSignInLink{}, InvalidRequest},
		{root, NewSignInLink{Role: Viewer, Tenants: []string{""}}, InvalidRequest},
		{byToken, NewSignInLink{Role: Viewer}, Forbidden},
		{bySession, NewSignInLink{Role: Viewer}, Forbidden},
		{Principal{Name: "ada", All: Approver}, NewSignInLink{Role: Viewer}, Forbidden},
		{Principal{Name: "ada", Tenants: map[string]Role{tenantA: Administrator}}, NewSignInLink{Role: Viewer}, Forbidden},
	} {
		w := &world{}
		_, err := MakeSignInLink.Do(t.Context(), w.service(), tc.who, tc.n)
		if CodeOf(err) != tc.code {
			t.Errorf("%s, %+v: %v, want %q", tc.who.Name, tc.n, err, tc.code)
		}
	}
	w := &world{}
	off := w.service()
	off.o.SignInLinks = nil
	if _, err := MakeSignInLink.Do(t.Context(), off, root, NewSignInLink{Role: Viewer}); CodeOf(err) != WrongState {
		t.Errorf("without a console: %v", err)
	}
}

// The account of a link can stand in the audit and makes nobody pass for somebody else.
func TestAccountName(t *testing.T) {
	for name, want := range map[string]string{
		"root": "root", "ada@contoso.example": "ada@contoso.example", "uid 65534": "uid-65534", "": "unknown",
		"ada (token x)": "ada--token-x-", "(root": "root", "a,b": "a-b", "-x": "x", "é": "é",
		strings.Repeat("x", 99): strings.Repeat("x", 64), "a\nb": "a-b",
	} {
		if got := accountName(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
