package rest

import (
	"encoding/json"
	"mime"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"clawback/api"
)

// Whatever a route answers is described: with a token and without, when it is asked as it should be, and in each of the
// ways in which it should not.
func TestOpenAPI_describesWhatEveryRouteAnswers(t *testing.T) {
	d := open(t, nil)
	shown := d.get(t, "viewer", "/v1/openapi.json")
	doc, err := openapi3.NewLoader().LoadFromData(shown.body)
	if err != nil || shown.StatusCode != 200 {
		t.Fatal(shown.StatusCode, err)
	}
	statuses := map[int]int{}
	for _, op := range api.Operations() {
		row := op.Row()
		path := strings.NewReplacer("{id}", "i1", "{key}", "i1", "{feed}", "f").Replace(row.Path())
		described := doc.Paths.Value(row.Path()).GetOperation(row.Method())
		for name, fields := range map[string][]string{
			"nobody": nil, "a viewer": {"Authorization: Bearer viewer"}, "root": {"Authorization: Bearer root"},
		} {
			for _, asked := range []struct{ path, kind, body string }{
				{path, "application/json", "{}"},
				{strings.ReplaceAll(path, "/i1", "/i2"), "application/json", "{}"},
				{path + "?nothing=1", "application/json", "{}"},
				{path, "text/plain", "x"},
				{path, "application/json", `{"nothing":1}`},
				{path, "application/json", "{"},
			} {
				got := d.ask(t, row.Method(), asked.path, asked.body,
					append([]string{"Content-Type: " + asked.kind}, fields...)...)
				statuses[got.StatusCode]++
				as := name + ": " + row.Name + " " + asked.path + " " + asked.body
				fitsDescription(t, as, described, got)
			}
		}
	}
	for _, status := range []int{200, 400, 401, 403, 404, 415, 500} {
		if statuses[status] == 0 {
			t.Errorf("nothing answered %d: %v", status, statuses)
		}
	}
}

// fitsDescription requires of an answer the type and the JSON that are described.
func fitsDescription(t *testing.T, as string, described *openapi3.Operation, got answer) {
	t.Helper()
	response := described.Responses.Default()
	if got.StatusCode == 200 {
		response = described.Responses.Status(200)
	}
	kind, _, err := mime.ParseMediaType(got.Header.Get("Content-Type"))
	if err != nil {
		t.Errorf("%s: %d without a type: %v", as, got.StatusCode, err)
		return
	}
	content := response.Value.Content.Get(kind)
	if content == nil {
		t.Errorf("%s: %d with the type %s, which is not described", as, got.StatusCode, kind)
		return
	}
	if content.Schema == nil || content.Schema.Value.IsEmpty() {
		return // bytes
	}
	var value any
	if err := json.Unmarshal(got.body, &value); err != nil {
		t.Errorf("%s: %d %s: %v", as, got.StatusCode, got.body, err)
		return
	}
	if err := content.Schema.Value.VisitJSON(value, openapi3.EnableJSONSchema2020()); err != nil {
		t.Errorf("%s: %d %s: %v", as, got.StatusCode, got.body, err)
	}
}
