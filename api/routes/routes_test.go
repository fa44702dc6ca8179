package routes

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"clawback/api"
	"clawback/store"
	"clawback/verdict"
)

// door is one whose service has no parts: what is refused before they are asked is refused here too.
func door(t *testing.T) http.Handler {
	t.Helper()
	service := api.New(api.Options{Log: slog.New(slog.DiscardHandler), Status: nil})
	return Door{Service: service, Log: slog.New(slog.DiscardHandler), Who: func(r *http.Request) (api.Principal, error) {
		if r.Header.Get("X-Nobody") != "" {
			return api.Principal{}, &api.Error{Code: api.Unauthorized, Detail: "sign in"}
		}
		return api.Root("ada"), nil
	}}.Handler()
}

// Every error is a problem by RFC 9457, with a type, a code and a status of one table.
func TestHandler_problems(t *testing.T) {
	const kind = "application/json"
	for _, c := range []struct {
		name, method, path, kind, body string
		want                           api.Code
		says                           string
	}{
		{"no such path", "GET", "/v1/nothing", "", "", api.NoSuchRoute, "/v1/nothing"},
		{"no such method", "DELETE", "/v1/status", "", "", api.NoSuchRoute, "DELETE"},
		{"an unknown argument", "GET", "/v1/queue?tennant=a", "", "", api.InvalidRequest, "tennant"},
		{"an argument twice", "GET", "/v1/queue?tenant=a&tenant=b", "", "", api.InvalidRequest, "2 times"},
		{"a limit that is no number", "GET", "/v1/queue?limit=many", "", "", api.InvalidRequest, "no number"},
		{"a limit beyond its bound", "GET", "/v1/queue?limit=100000", "", "", api.InvalidRequest, "from 1 to 1000"},
		{"a time", "GET", "/v1/records?since=yesterday", "", "", api.InvalidRequest, "write it as"},
		{"a disposition", "GET", "/v1/records?disposition=evil", "", "", api.InvalidRequest, "use one of"},
		{"a flag", "GET", "/v1/submissions?open=perhaps", "", "", api.InvalidRequest, "true or false"},
		{"an argument of a path in the query", "GET", "/v1/queue/x?id=y", "", "", api.InvalidRequest, "id"},
		{"a query where a body belongs", "POST", "/v1/held/approve?campaign=x", "", "", api.InvalidRequest, "leave the query out"},
		{"an unknown key", "POST", "/v1/held/approve", kind, `{"campain":"x"}`, api.InvalidRequest, "campain"},
		{"an unknown key within", "POST", "/v1/jobs", kind, `{"action":"junk","search":{"sendr":"x"}}`, api.InvalidRequest, "sendr"},
		{"who asks in the body", "POST", "/v1/jobs", kind, `{"action":"junk","who":"bob"}`, api.InvalidRequest, "who"},
		{"a key of the path in the body", "POST", "/v1/queue/x/retry", kind, `{"id":"y"}`, api.InvalidRequest, "id"},
		{"no JSON", "POST", "/v1/held/approve", kind, `{`, api.InvalidRequest, "body"},
		{"more than one value", "POST", "/v1/held/approve", kind, `{} {}`, api.InvalidRequest, "more behind"},
		{"another type of a value", "POST", "/v1/held/approve", kind, `{"intents":"x"}`, api.InvalidRequest, "intents"},
		{"another media type", "POST", "/v1/held/approve", "text/plain", `{"campaign":"x"}`, api.WrongMediaType, "application/json"},
		{"a form of a browser", "POST", "/v1/held/approve", "application/x-www-form-urlencoded", `{"campaign":"x"}`, api.WrongMediaType, ""},
		{"no media type", "POST", "/v1/held/approve", "", `{"campaign":"x"}`, api.WrongMediaType, ""},
		{"a body that is too large", "POST", "/v1/held/approve", kind, `{"comment":"` + strings.Repeat("x", MaxBody) + `"}`, api.TooLarge, "bytes"},
		{"no body", "POST", "/v1/queue/discard/preview", "", "", api.InvalidRequest, "name what"},
		{"a body with a charset", "POST", "/v1/queue/discard/preview", kind + "; charset=utf-8", `{}`, api.InvalidRequest, "name what"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
			if c.kind != "" {
				r.Header.Set("Content-Type", c.kind)
			}
			w := httptest.NewRecorder()
			door(t).ServeHTTP(w, r)
			var p Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
				t.Fatal(err, w.Body)
			}
			if p.Code != c.want || p.Type != typePrefix+string(c.want) || p.Status != w.Code ||
				w.Code != api.Statuses[c.want].Status || p.Title == "" {
				t.Errorf("%d %+v, want %s", w.Code, p, c.want)
			}
			if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
				t.Errorf("Content-Type %q", got)
			}
			if !strings.Contains(p.Detail, c.says) {
				t.Errorf("%q does not say %q", p.Detail, c.says)
			}
		})
	}
}

// Whom the door does not know may do nothing at all.
func TestHandler_nobody(t *testing.T) {
	for _, op := range api.Operations() {
		r := httptest.NewRequest(op.Row().Method(),
			strings.NewReplacer("{id}", "x", "{key}", "x").Replace(op.Row().Path()), nil)
		r.Header.Set("X-Nobody", "1")
		w := httptest.NewRecorder()
		door(t).ServeHTTP(w, r)
		if w.Code != http.StatusUnauthorized {
			t.Errorf("%s: %d", op.Row().Name, w.Code)
		}
	}
}

// A key that nobody knows makes no request of another meaning, in any operation that has a body.
func TestHandler_unknownKeysAreRefused(t *testing.T) {
	for _, op := range api.Operations() {
		if _, upload := op.NewRequest().(uploader); op.Row().Reads() || upload {
			continue
		}
		r := httptest.NewRequest("POST", strings.NewReplacer("{id}", "x", "{key}", "x").Replace(op.Row().Path()),
			strings.NewReader(`{"comment":"why","trusted":true,"casue":"network"}`))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		door(t).ServeHTTP(w, r)
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "unknown field") {
			t.Errorf("%s: %d %s", op.Row().Name, w.Code, w.Body)
		}
	}
}

// What a client encodes is what a door decodes, for every operation and every field.
func TestEncode_decodes(t *testing.T) {
	for _, op := range api.Operations() {
		row, sent := op.Row(), op.NewRequest()
		fill(t, reflect.ValueOf(sent).Elem())
		path, body, err := Encode(row, sent)
		if err != nil {
			t.Errorf("%s: %v", row.Name, err)
			continue
		}
		got := op.NewRequest()
		mux := http.NewServeMux()
		mux.HandleFunc(row.Route, func(_ http.ResponseWriter, r *http.Request) { err = decode(r, got) })
		r := httptest.NewRequest(row.Method(), path, strings.NewReader(string(body)))
		r.Header.Set("Content-Type", "application/json")
		mux.ServeHTTP(httptest.NewRecorder(), r)
		if u, ok := got.(*api.Upload); ok {
			u.Body = nil
		}
		if err != nil || !reflect.DeepEqual(sent, got) {
			t.Errorf("%s %s %s: %v\nsent %+v\ngot  %+v", row.Name, path, body, err, sent, got)
		}
	}
}

// fill gives every field a value of its own, with signs that a path or a query must escape.
func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.Date(2026, 11, 29, 1, 2, 3, 4, time.UTC)))
		return
	case verdict.Disposition:
		v.Set(reflect.ValueOf(verdict.Spoof))
		return
	case store.Proof:
		v.Set(reflect.ValueOf(store.ByContent))
		return
	case api.Role:
		v.Set(reflect.ValueOf(api.Approver))
		return
	case io.Reader:
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(t, v.Index(0))
		fill(t, v.Index(1))
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{"a/b.toml": "x = 1"}))
	case reflect.String:
		v.SetString("<a/b?c&d=e%20 ü@x>")
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Interface: // the body of an upload
	default:
		t.Fatalf("a field of type %s", v.Type())
	}
}

// The names on the wire are snake_case, in every request and every answer, however deep.
func TestWire_isSnakeCase(t *testing.T) {
	seen := map[reflect.Type]bool{}
	for _, op := range api.Operations() {
		do, ok := reflect.TypeOf(op).MethodByName("Do")
		if !ok {
			t.Fatalf("%s has no Do", op.Row().Name)
		}
		names(t, op.Row().Name, do.Type.In(4), seen)
		names(t, op.Row().Name, do.Type.Out(0), seen)
	}
	if len(seen) < 30 {
		t.Errorf("only %d types were seen", len(seen))
	}
}

func names(t *testing.T, where string, of reflect.Type, seen map[reflect.Type]bool) {
	t.Helper()
	switch of.Kind() {
	case reflect.Slice, reflect.Pointer, reflect.Map:
		names(t, where, of.Elem(), seen)
		return
	case reflect.Struct:
	default:
		return
	}
	if seen[of] || of == reflect.TypeFor[time.Time]() || of == reflect.TypeFor[api.Stream]() {
		return
	}
	seen[of] = true
	if pkg := of.PkgPath(); pkg != "clawback/api" && pkg != "clawback/verdict" {
		t.Errorf("%s: %s is a type of %s: rows of other packages are not on the wire", where, of, pkg)
	}
	for i := range of.NumField() {
		f := of.Field(i)
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous || tag == "-" || !f.IsExported():
		case tag == "" || tag != strings.ToLower(tag) || strings.ContainsAny(tag, "- "):
			t.Errorf("%s: %s.%s is %q on the wire", where, of, f.Name, tag)
		}
		if tag != "-" && f.IsExported() {
			names(t, where, f.Type, seen)
		}
	}
}
