package openapi

import (
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"clawback/internal/test/needs"
)

func TestCheck_requests(t *testing.T) {
	file, err := Find()
	needs.Samples(t, "Microsoft's OpenAPI documents of Graph", err)
	d, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, method, target, body string
		ok                         bool
	}{
		{"find", "GET", "/v1.0/users/u/messages?$filter=internetMessageId%20eq%20'x'&$top=50", "", true},
		{"find in a folder", "GET", "/v1.0/users/u/mailFolders/inbox/messages?$select=id", "", true},
		{"move", "POST", "/v1.0/users/u/messages/m/move", `{"DestinationId":"junkemail"}`, true},
		{"move with other case", "POST", "/v1.0/users/u/messages/m/move", `{"destinationId":"junkemail"}`, true},
		{"move to a number", "POST", "/v1.0/users/u/messages/m/move", `{"DestinationId":1}`, false},
		{"move without body", "POST", "/v1.0/users/u/messages/m/move", "", false},
		{"purge", "POST", "/v1.0/users/u/messages/m/permanentDelete", "", true},
		{"purge with a body", "POST", "/v1.0/users/u/messages/m/permanentDelete", "{}", false},
		{"read state", "PATCH", "/v1.0/users/u/messages/m", `{"isRead":true}`, true},
		{"read state of a wrong type", "PATCH", "/v1.0/users/u/messages/m", `{"isRead":"yes"}`, false},
		{"contacts", "GET", "/v1.0/contacts?$filter=x", "", true},
		{"unknown option", "GET", "/v1.0/users?$nonsense=1", "", false},
		{"top that is no number", "GET", "/v1.0/users?$top=many", "", false},
		{"unknown path", "GET", "/v1.0/nonsense", "", false},
		{"wrong method", "PUT", "/v1.0/users/u/messages/m", "", false},
		{"beta", "GET", "/beta/users", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(c.method, c.target, strings.NewReader(c.body))
			r.Header.Set("Content-Type", "application/json")
			err := d.Check(r)
			if (err == nil) != c.ok || (err != nil && !errors.Is(err, ErrNotAllowed)) {
				t.Errorf("Check: %v", err)
			}
			if left, _ := io.ReadAll(r.Body); string(left) != c.body {
				t.Errorf("the body is gone: %q", left)
			}
		})
	}
}
