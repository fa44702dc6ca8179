package graphsim

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// client is a plain HTTP client of a Sim, as another program would be.
type client struct {
	t     *testing.T
	sim   *Sim
	http  *http.Client
	token string
}

// newClient starts a Sim and gets a token.
func newClient(t *testing.T, o Options) *client {
	t.Helper()
	s := New(o)
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(s.CA())
	c := &client{t: t, sim: s, http: &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true,
	}}}
	c.token = c.login()
	return c
}

func (c *client) login() string {
	c.t.Helper()
	d := DefaultTenant()
	resp, err := c.http.PostForm(c.sim.URL()+"/"+d.ID+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {d.ClientID}, "client_secret": {d.ClientSecret},
		"scope": {c.sim.URL() + "/.default"},
	})
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	var out struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil || out.Token == "" {
		c.t.Fatalf("no token: %d %v", resp.StatusCode, err)
	}
	return out.Token
}

// reply is an answer, decoded when it is JSON.
type reply struct {
	status int
	header http.Header
	json   map[string]any
	text   string
	err    error // there was no answer
}

func (r reply) code() string {
	inner, _ := r.json["error"].(map[string]any)
	code, _ := inner["code"].(string)
	return code
}

func (r reply) values() []map[string]any {
	var out []map[string]any
	list, _ := r.json["value"].([]any)
	for _, item := range list {
		out = append(out, item.(map[string]any))
	}
	return out
}

// do sends a request with immutable ids and the token. A path that begins with https is taken as it is.
func (c *client) do(method, path, body string, edit ...func(*http.Request)) reply {
	c.t.Helper()
	if !strings.HasPrefix(path, "https://") {
		path = c.sim.URL() + "/v1.0" + path
	}
	req, err := http.NewRequest(method, path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Prefer", `IdType="ImmutableId"`)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, f := range edit {
		f(req)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return reply{err: err}
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	out := reply{status: resp.StatusCode, header: resp.Header, text: string(raw), err: err}
	if json.NewDecoder(bytes.NewReader(raw)).Decode(&out.json) != nil {
		out.json = nil
	}
	return out
}

func filter(path, expression string) string {
	return path + "?$filter=" + strings.ReplaceAll(url.QueryEscape(expression), "+", "%20")
}

const mail = "Message-ID: <a+b'c%25@mail.example.com>\r\nSubject: Invoice\r\n" +
	"X-MS-Exchange-Organization-Network-Message-Id: 0f0f0f0f-1111-4222-8333-444444444444\r\n\r\nHello\r\n"

func deliver(t *testing.T, s *Sim, upn, folder string) Message {
	t.Helper()
	m, err := s.Deliver(Delivery{Mailbox: upn, Folder: folder, MIME: []byte(mail)})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMessages_findMoveAndPurge(t *testing.T) {
	c := newClient(t, Options{Rates: Calm()})
	u := c.sim.AddMailbox("anna@contoso.example")
	want := deliver(t, c.sim, u.UPN, "")
	list := c.do("GET", filter("/users/"+u.ID+"/messages", "internetMessageId eq '<a+b''c%25@mail.example.com>'"), "")
	if list.status != 200 || len(list.values()) != 1 || list.values()[0]["id"] != want.ImmutableID {
		t.Fatalf("find: %+v", list)
	}
	path := "/users/" + u.ID + "/messages/" + want.ImmutableID
	if r := c.do("POST", path+"/move", `{"DestinationId":"recoverableitemsdeletions"}`); r.status != 201 ||
		r.json["id"] != want.ImmutableID {
		t.Fatalf("move: %+v", r)
	}
	if r := c.do("GET", filter("/users/"+u.ID+"/messages", "internetMessageId eq '<a+b''c%25@mail.example.com>'"),
		""); len(r.values()) != 0 {
		t.Errorf("Recoverable Items are listed: %+v", r)
	}
	if r := c.do("POST", path+"/permanentDelete", ""); r.status != 204 {
		t.Errorf("purge: %+v", r)
	}
	if r := c.do("GET", path, ""); r.status != 404 || r.code() != "ErrorItemNotFound" {
		t.Errorf("a purged message is there: %+v", r)
	}
	if got := c.sim.Messages(u.UPN)[0]; !got.Purged || len(got.Changes) != 2 {
		t.Errorf("message: %+v", got)
	}
	if v := c.sim.Violations(); len(v) > 0 {
		t.Error(v)
	}
}
