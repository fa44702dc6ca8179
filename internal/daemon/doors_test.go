package daemon

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"clawback/api"
	"clawback/api/client"
	"clawback/internal/test/graphsim"
	"clawback/internal/test/testbed"
	"clawback/store"
)

// startREST starts a daemon with the REST door, and answers with its URL.
func startREST(t *testing.T, more string) (*testbed.Bed, string) {
	t.Helper()
	bed, err := testbed.New(testbed.Options{Daemon: runInside, Tenants: []testbed.Tenant{testbed.Contoso},
		Sim: graphsim.Options{Seed: 1, Rates: graphsim.Calm()}, Config: "[rest]\nlisten = \"127.0.0.1:0\"\n" + more})
	must(t, err)
	t.Cleanup(bed.Close)
	bed.Sim.AddUser(graphsim.User{Tenant: testbed.Contoso.ID, UPN: "busy@contoso.example"})
	return bed, startAgain(t, bed)
}

// startAgain starts the daemon, and answers with where the REST door is now.
func startAgain(t *testing.T, bed *testbed.Bed) string {
	t.Helper()
	if err := bed.Start(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, bed.LogTail())
	}
	found := regexp.MustCompile(`event=rest.listening address=(\S+)`).FindAllStringSubmatch(wholeLog(t, bed), -1)
	if len(found) == 0 {
		t.Fatal("the log does not say where the REST door is")
	}
	return "https://" + found[len(found)-1][1]
}

// connect asks by a new token.
func connect(t *testing.T, bed *testbed.Bed, url string, n api.NewToken) (*client.Client, api.Token) {
	t.Helper()
	made, err := client.Do(t.Context(), bed.Client, api.CreateToken, n)
	must(t, err)
	file := bed.File(made.Token.ID)
	must(t, os.WriteFile(file, []byte(made.Secret+"\n"), 0o600))
	return client.Connect(client.Remote{URL: url, TokenFile: file, CAFile: bed.File("cert.crt")}), made.Token
}

// A message is shown and retracted from elsewhere, by a token that may, which the audit names; the token lives over a
// restart, and opens nothing once it is revoked.
func TestREST_fromTokenToMailbox(t *testing.T) {
	bed, url := startREST(t, "")
	l := deliver(t, bed, 1)
	outcomeIs(t, bed, l, store.Done)
	analyst, token := connect(t, bed, url, api.NewToken{Name: "soar", Owner: "ada", Role: api.Analyst,
		Tenants: []string{testbed.Contoso.Name}})
	viewer, _ := connect(t, bed, url, api.NewToken{Name: "siem", Role: api.Viewer, Every: true})

	m, err := client.Do(t.Context(), viewer, api.ShowMessage, api.MessageRef{Key: l.MessageID})
	must(t, err)
	if len(m.Intents) != 1 || m.Intents[0].Outcome != store.Done {
		t.Errorf("%+v", m.Intents)
	}
	ref := api.MessageRef{Key: m.Record.ID}
	if err := client.Export(t.Context(), analyst, api.ExportMessage, ref, os.Stderr); api.CodeOf(err) != api.Forbidden {
		t.Errorf("bytes without the right to read them: %v", err)
	}
	order := api.MessageOrder{Key: m.Record.ID, Comment: "ours"}
	if _, err := client.Do(t.Context(), viewer, api.RestoreMessage, order); api.CodeOf(err) != api.Forbidden {
		t.Errorf("a viewer restores: %v", err)
	}
	_, err = client.Do(t.Context(), analyst, api.RestoreMessage, order)
	must(t, err)
	who := "ada (token soar, " + token.ID + ")"
	acts, err := client.Do(t.Context(), bed.Client, api.ListAudit, api.AuditQuery{Who: who})
	must(t, err)
	if len(acts.Items) == 0 || acts.Items[0].Object != m.Record.ID || acts.Items[0].Comment != "ours" {
		t.Errorf("the audit of %s has %+v", who, acts.Items)
	}

	must(t, bed.Stop())
	url = startAgain(t, bed)
	again := client.Connect(client.Remote{URL: url, TokenFile: bed.File(token.ID), CAFile: bed.File("cert.crt")})
	me, err := client.Do(t.Context(), again, api.ShowPrincipal, api.None{})
	must(t, err)
	if me.Name != who || me.Token != token.ID || me.Tenants[testbed.Contoso.ID] != api.Analyst ||
		me.Role != api.Nobody {
		t.Errorf("%+v", me)
	}
	shown, err := client.Do(t.Context(), bed.Client, api.ShowToken, api.ItemRef{ID: token.ID})
	must(t, err)
	if shown.LastUsed.IsZero() || shown.LastFrom != "127.0.0.1" {
		t.Errorf("%+v", shown)
	}
	_, err = client.Do(t.Context(), bed.Client, api.RevokeToken, api.ItemOrder{ID: token.ID})
	must(t, err)
	_, err = client.Do(t.Context(), again, api.ShowPrincipal, api.None{})
	if api.CodeOf(err) != api.Unauthorized || !strings.Contains(err.Error(), "revoked") {
		t.Errorf("a revoked token: %v", err)
	}
}

// No secret of a token is in the log, in the audit or in what is kept.
func TestREST_tellsNoSecret(t *testing.T) {
	bed, url := startREST(t, "")
	c, token := connect(t, bed, url, api.NewToken{Name: "soar", Role: api.Viewer, Every: true})
	_, err := client.Do(t.Context(), c, api.ShowMessage, api.MessageRef{Key: "none"})
	if api.CodeOf(err) != api.NotFound {
		t.Error(err)
	}
	text, err := os.ReadFile(bed.File(token.ID))
	must(t, err)
	secret := strings.TrimSpace(string(text))[len("clawback_t234567234567_"):]
	acts, err := client.Do(t.Context(), bed.Client, api.ListAudit, api.AuditQuery{})
	must(t, err)
	audit, err := json.Marshal(acts)
	must(t, err)
	if strings.Contains(wholeLog(t, bed)+string(audit), secret) || !strings.Contains(string(audit), "token.create") {
		t.Error("the secret is told")
	}
}

// Without its table the door is not there.
func TestREST_isOffByDefault(t *testing.T) {
	bed := start(t)
	if strings.Contains(wholeLog(t, bed), "rest.listening") {
		t.Error("the REST door is open")
	}
}

// A person signs in to the console by a link of the command line's, sees a message, and takes it back; the audit has
// his name. The link opens nothing a second time, and is not in the log.
func TestConsole_fromLinkToMailbox(t *testing.T) {
	bed, err := testbed.New(testbed.Options{Daemon: runInside, Tenants: []testbed.Tenant{testbed.Contoso},
		Sim:    graphsim.Options{Seed: 1, Rates: graphsim.Calm()},
		Config: "[console]\nlisten = \"127.0.0.1:0\"\nplain_http = true\n"})
	must(t, err)
	t.Cleanup(bed.Close)
	bed.Sim.AddUser(graphsim.User{Tenant: testbed.Contoso.ID, UPN: "busy@contoso.example"})
	must(t, bed.Start(t.Context()))
	l := deliver(t, bed, 1)
	outcomeIs(t, bed, l, store.Done)

	link, err := client.Do(t.Context(), bed.Client, api.MakeSignInLink,
		api.NewSignInLink{Account: "ada", Role: api.Analyst, Tenants: []string{testbed.Contoso.Name}})
	must(t, err)
	jar, err := cookiejar.New(nil)
	must(t, err)
	browser := &http.Client{Jar: jar}
	address, secret, _ := strings.Cut(link.URL, "/sign-in?link=")
	post := func(path string, form url.Values) (int, string) {
		t.Helper()
		answer, err := browser.PostForm(address+path, form)
		must(t, err)
		defer answer.Body.Close()
		page, err := io.ReadAll(answer.Body)
		must(t, err)
		return answer.StatusCode, string(page)
	}
	status, page := post("/sign-in", url.Values{"link": {secret}})
	if status != 200 || !strings.Contains(page, "Overview") {
		t.Fatalf("sign in: %d %s", status, page)
	}
	if status, _ := post("/sign-in", url.Values{"link": {secret}}); status != http.StatusUnauthorized {
		t.Errorf("the link opens twice: %d", status)
	}
	m, err := client.Do(t.Context(), bed.Client, api.ShowMessage, api.MessageRef{Key: l.MessageID})
	must(t, err)
	status, page = post("/messages/"+m.Record.ID+"/restore", url.Values{"comment": {"ours"}})
	if status != 200 || !strings.Contains(page, m.Record.ID) {
		t.Errorf("restore: %d", status)
	}
	acts, err := client.Do(t.Context(), bed.Client, api.ListAudit, api.AuditQuery{Object: m.Record.ID})
	must(t, err)
	newest := slices.Concat(acts.Items, []api.Act{{}})[0]
	if !strings.HasPrefix(newest.Who, "ada (session ") || newest.Comment != "ours" {
		t.Errorf("the audit has %+v", acts.Items)
	}
	if strings.Contains(wholeLog(t, bed), secret) {
		t.Error("the link is in the log")
	}
}
