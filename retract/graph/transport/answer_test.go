package transport

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func TestRetryAfter_forms(t *testing.T) {
	for _, c := range []struct {
		text string
		want time.Duration
	}{
		{"", 0},
		{"10", 10 * time.Second},
		{" 10 ", 10 * time.Second},
		{"2.128", 2128 * time.Millisecond}, // Graph, throttling
		{"0.9", 900 * time.Millisecond},    // SDK defect 2: becomes 0 there
		{"0.0001", time.Millisecond},
		{"0", 0},
		{"-5", 0},
		{"NaN", 0},
		{"Inf", 24 * time.Hour},
		{"1e300", 24 * time.Hour},
		{"99999999999999999999", 24 * time.Hour},
		{noon.Add(90 * time.Second).Format(http.TimeFormat), 90 * time.Second},
		{noon.Add(-time.Hour).Format(http.TimeFormat), 0},
		{noon.AddDate(50, 0, 0).Format(http.TimeFormat), 24 * time.Hour},
		{"Saturday, 21-Nov-26 12:00:07 GMT", 7 * time.Second}, // RFC 850 form
		{"soon", 0},
		{"10, 20", 0},
	} {
		if got := retryAfter(c.text, noon); got != c.want {
			t.Errorf("%q: %v, want %v", c.text, got, c.want)
		}
	}
}

func TestReadAnswer_bodies(t *testing.T) {
	for _, c := range []struct {
		name, body          string
		code, inner, denied string
		request             string
	}{
		{"full", `{"error":{"code":"ErrorItemNotFound","message":"gone","innerError":{"request-id":"r-1","date":"x"}}}`, "ErrorItemNotFound", "", "", "r-1"},
		{"lower case", `{"error":{"code":"a","innererror":{"code":"b","innererror":{"code":"c"}}}}`, "a", "c", "", ""},
		{"empty object", `{}`, "", "", "", ""},
		{"empty error", `{"error":{}}`, "", "", "", ""},
		{"null", `{"error":null}`, "", "", "", ""},
		{"no message", `{"error":{"code":"x"}}`, "x", "", "", ""},
		{"error is a string", `{"error":"invalid_client"}`, "", "", "", ""},
		{"code is a number", `{"error":{"code":12}}`, "", "", "", ""},
		{"an array", `[1,2]`, "", "", "", ""},
		{"cut short", `{"error":{"code":"Err`, "", "", "", ""},
		{"html", `<html>502</html>`, "", "", "", ""},
		{"nothing", ``, "", "", "", ""},
		{"code with an address", `{"error":{"code":"no anna@contoso.example here"}}`, "", "", "", ""},
		{"policy", `{"error":{"code":"ErrorAccessDenied","message":"Access to OData is disabled."}}`, "ErrorAccessDenied", "", "policy", ""},
		{"deep", strings.Repeat(`{"innerError":`, 50) + `{}` + strings.Repeat(`}`, 50), "", "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := readAnswer(400, http.Header{}, []byte(c.body), noon)
			if a.Code != c.code || a.Inner != c.inner || a.Denied != c.denied || a.Request != c.request {
				t.Errorf("%+v", a)
			}
		})
	}
}

func TestReadAnswer_headers(t *testing.T) {
	h := http.Header{}
	h.Set("Request-Id", "aaaa-1")
	h.Set("Retry-After", "1.5")
	h.Set("X-Ms-Throttle-Scope", "Tenant_Application/ReadWrite/a/b")
	a := readAnswer(429, h, []byte(`{"error":{"innerError":{"request-id":"other"}}}`), noon)
	if a.Request != "aaaa-1" || a.After != 1500*time.Millisecond || !a.TenantWide {
		t.Errorf("%+v", a)
	}
	h.Set("X-Ms-Throttle-Scope", "User_Application/ReadWrite/a/b")
	if a := readAnswer(429, h, nil, noon); a.TenantWide {
		t.Errorf("a mailbox's limit counts as the tenant's: %+v", a)
	}
}

// TestReadAnswer_clockOfTheServer: a machine whose clock is an hour off waits as long as was meant.
func TestReadAnswer_clockOfTheServer(t *testing.T) {
	theirs := noon.Add(time.Hour)
	h := http.Header{}
	h.Set("Date", theirs.Format(http.TimeFormat))
	h.Set("Retry-After", theirs.Add(30*time.Second).Format(http.TimeFormat))
	if a := readAnswer(429, h, nil, noon); a.After != 30*time.Second {
		t.Errorf("%v", a.After)
	}
	h.Set("Date", "nonsense")
	if a := readAnswer(429, h, nil, noon); a.After != time.Hour+30*time.Second {
		t.Errorf("without a date: %v", a.After)
	}
}

func TestClaimsOf_challenges(t *testing.T) {
	const claims = `{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}`
	const encoded = "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwidmFsdWUiOiIxNjA0MTA2NjUxIn19fQ"
	for _, c := range []struct{ name, challenge, want string }{
		{"cae", `Bearer realm="", authorization_uri="https://login/a,b", error="insufficient_claims", claims="` + encoded + `=="`, claims},
		{"without padding", `Bearer error="insufficient_claims", claims="` + encoded + `"`, claims},
		{"another order", `Bearer claims="` + encoded + `",error="insufficient_claims"`, claims},
		{"plain expiry", `Bearer realm="", error="invalid_token"`, ""},
		{"claims with another error", `Bearer error="invalid_token", claims="` + encoded + `"`, ""},
		{"not base64", `Bearer error="insufficient_claims", claims="!!!"`, ""},
		{"cut short", `Bearer error="insufficient_claims", claims="`, ""},
		{"empty", ``, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := claimsOf([]string{c.challenge}); got != c.want {
				t.Errorf("%q", got)
			}
		})
	}
}

func FuzzReadAnswer(f *testing.F) {
	for _, body := range []string{`{}`, `{"error":{"code":"x","innererror":{"code":"y"}}}`, `<html>`, `{"error":null}`} {
		f.Add(429, body, "1.5", `Bearer error="insufficient_claims", claims="e30="`)
	}
	f.Fuzz(func(t *testing.T, status int, body, after, challenge string) {
		h := http.Header{"Retry-After": {after}, "Request-Id": {body}}
		a := readAnswer(status, h, []byte(body), noon)
		if a.After < 0 || a.After > maxRetryAfter {
			t.Errorf("Retry-After %q: %v", after, a.After)
		}
		for _, word := range []string{a.Code, a.Inner, a.Request} {
			if strings.ContainsAny(word, "@ <>\r\n\"") {
				t.Errorf("%q may reach a log", word)
			}
		}
		if c := classify(changeMail, a); c.Class == "" || c.Detail == "" {
			t.Errorf("no class: %+v", c)
		}
		claimsOf([]string{challenge})
		ClassifyLogin(LoginAnswer{Status: status, Header: h, Body: []byte(body), Now: noon})
	})
}
