// Package openapi checks requests against an OpenAPI document of Microsoft Graph; for tests.
//
// It stands apart from graphsim so that a program that serves the simulator does not link it.
//
// Reads: the document, once for each process and file. Writes: nothing.
//
// Invariants: a request is not changed; its body can still be read afterwards.
//
// On failure: Check says what the document does not allow.
//
// Standards: OpenAPI 3.0; parameters, their schemas and request bodies by kin-openapi.
package openapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// ErrNotAllowed is wrapped by every finding of Check.
var ErrNotAllowed = errors.New("not in the OpenAPI document")

// outside are the paths of Graph v1.0 that the pruned document lacks. They are not checked.
var outside = []string{"/contacts", "/groups/{group-id}/transitiveMembers/microsoft.graph.user"}

// Document is a loaded document. It is safe for concurrent use.
type Document struct {
	spec  *openapi3.T
	paths [][]string // templates, cut at the slashes
}

// Load reads and validates a document.
func Load(file string) (*Document, error) {
	spec, err := openapi3.NewLoader().LoadFromFile(file)
	if err != nil {
		return nil, fmt.Errorf("load OpenAPI document: %w", err)
	}
	if err := spec.Validate(context.Background()); err != nil {
		return nil, fmt.Errorf("validate OpenAPI document: %w", err)
	}
	loosen(spec)
	d := &Document{spec: spec}
	for path := range spec.Paths.Map() {
		d.paths = append(d.paths, strings.Split(path, "/"))
	}
	return d, nil
}

// loosen lets further properties have any type. The document says "type: object" for them, and means anything: Graph's
// own annotations, such as @odata.context, are strings.
func loosen(spec *openapi3.T) {
	yes := true
	var visit func(ref *openapi3.SchemaRef, depth int)
	visit = func(ref *openapi3.SchemaRef, depth int) {
		const deepest = 4 // inline schemas; what is referred to is visited by its name
		if ref == nil || ref.Value == nil || depth > deepest || (ref.Ref != "" && depth > 0) {
			return
		}
		if ref.Value.AdditionalProperties.Schema != nil {
			ref.Value.AdditionalProperties = openapi3.AdditionalProperties{Has: &yes}
		}
		for _, list := range []openapi3.SchemaRefs{ref.Value.AllOf, ref.Value.AnyOf, ref.Value.OneOf} {
			for _, part := range list {
				visit(part, depth+1)
			}
		}
		for _, part := range ref.Value.Properties {
			visit(part, depth+1)
		}
	}
	for _, ref := range spec.Components.Schemas {
		visit(ref, 0)
	}
}

// Find looks for the pruned document of Graph v1.0 beside the project, from the working directory upwards.
func Find() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find OpenAPI document: %w", err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("find OpenAPI document: %w: go.mod", os.ErrNotExist)
		}
	}
	file := filepath.Join(dir, "..", "shared", "data", "graph-openapi-v1.yaml")
	if _, err := os.Stat(file); err != nil {
		return "", fmt.Errorf("find OpenAPI document: %w", err)
	}
	return file, nil
}

// Check says in what a Graph request goes beyond the document: path, method, parameters, body.
func (d *Document) Check(r *http.Request) error {
	route, params, err := d.find(r)
	if err != nil || route == nil {
		return err
	}
	return d.validate(r, params, route)
}

// CheckAnswer says in what an answer to a request goes beyond the document: status, content type, body.
func (d *Document) CheckAnswer(r *http.Request, status int, header http.Header, body []byte) error {
	route, params, err := d.find(r)
	if err != nil || route == nil {
		return err
	}
	err = openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route},
		Status:                 status, Header: header, Body: io.NopCloser(bytes.NewReader(body)),
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotAllowed, err)
	}
	return nil
}

// find gives the operation that a request is for; nil for those that the pruned document lacks.
func (d *Document) find(r *http.Request) (*routers.Route, map[string]string, error) {
	path, found := strings.CutPrefix(r.URL.EscapedPath(), "/v1.0")
	if !found {
		return nil, nil, fmt.Errorf("%w: path outside /v1.0", ErrNotAllowed)
	}
	if quoted, ok := strings.CutPrefix(path, "/users('"); ok { // the same as /users/NAME: Graph, user: get
		path = "/users/" + strings.Replace(quoted, "')", "", 1)
	}
	segments := strings.Split(path, "/")
	for _, known := range outside {
		if _, ok := match(strings.Split(known, "/"), segments); ok {
			return nil, nil, nil
		}
	}
	template, params := d.route(segments)
	if template == "" {
		return nil, nil, fmt.Errorf("%w: path", ErrNotAllowed)
	}
	item := d.spec.Paths.Value(template)
	operation := item.GetOperation(r.Method)
	if operation == nil {
		return nil, nil, fmt.Errorf("%w: %s of %s", ErrNotAllowed, r.Method, template)
	}
	return &routers.Route{Spec: d.spec, Path: template, PathItem: item, Method: r.Method, Operation: operation}, params,
		nil
}

func (d *Document) validate(r *http.Request, params map[string]string, route *routers.Route) error {
	for key := range r.URL.Query() {
		if route.Operation.Parameters.GetByInAndName("query", key) == nil {
			return fmt.Errorf("%w: query option %s of %s", ErrNotAllowed, key, route.Path)
		}
	}
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return fmt.Errorf("read body: %w", err)
	}
	r.Body = io.NopCloser(bytes.NewReader(raw))
	copied := r.Clone(r.Context())
	copied.Body = io.NopCloser(bytes.NewReader(canonical(raw, route.Operation)))
	err = openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
		Request: copied, PathParams: params, Route: route,
		Options: &openapi3filter.Options{
			AuthenticationFunc:                openapi3filter.NoopAuthenticationFunc,
			RejectWhenRequestBodyNotSpecified: true,
		},
	})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotAllowed, err)
	}
	return nil
}

// route finds the template with the fewest variables that fits.
func (d *Document) route(segments []string) (string, map[string]string) {
	var best []string
	var params map[string]string
	for _, template := range d.paths {
		found, ok := match(template, segments)
		if ok && (best == nil || len(found) < len(params)) {
			best, params = template, found
		}
	}
	return strings.Join(best, "/"), params
}

func match(template, segments []string) (map[string]string, bool) {
	if len(template) != len(segments) {
		return nil, false
	}
	params := map[string]string{}
	for i, part := range template {
		if strings.HasPrefix(part, "{") && strings.HasSuffix(part, "}") {
			value, err := url.PathUnescape(segments[i])
			if err != nil || value == "" {
				return nil, false
			}
			params[strings.Trim(part, "{}")] = value
			continue
		}
		if part != segments[i] {
			return nil, false
		}
	}
	return params, true
}

// canonical gives a body's names the case of the document: Graph reads them without regard to case, and the SDK
// writes DestinationId where other documents have destinationId.
func canonical(raw []byte, operation *openapi3.Operation) []byte {
	if operation.RequestBody == nil {
		return raw
	}
	media := operation.RequestBody.Value.Content.Get("application/json")
	if media == nil || media.Schema == nil {
		return raw
	}
	var names []string
	for name := range media.Schema.Value.Properties {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		lower := strings.ToLower(name[:1]) + name[1:]
		raw = bytes.Replace(raw, []byte(`"`+lower+`":`), []byte(`"`+name+`":`), 1)
	}
	return raw
}
