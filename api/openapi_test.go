package api

import (
	"bytes"
	"context"
	"encoding"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"clawback/store/index"
	"clawback/verdict"
)

var update = flag.Bool("update", false, "write openapi.json anew")

// The description is that of the code, and is a description by the standard.
func TestOpenAPI_isOfTheCode(t *testing.T) {
	want := append(must(json.MarshalIndent(document(t), "", " ")), '\n')
	if *update {
		if err := os.WriteFile("openapi.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(OpenAPI, want) {
		t.Errorf("openapi.json is not current: go test ./api -run OpenAPI -update\n%s",
			cmp.Diff(strings.Split(string(OpenAPI), "\n"), strings.Split(string(want), "\n")))
	}
	doc := loaded(t)
	if err := doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
	described := 0
	for _, item := range doc.Paths.Map() {
		described += len(item.Operations())
	}
	if described != len(Operations())+1 { // itself
		t.Errorf("%d operations are described, and there are %d", described, len(Operations()))
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func loaded(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// Each answer of each operation is as it is described, and each request that the tests of access make is too.
func TestOpenAPI_describesEveryAnswer(t *testing.T) {
	doc := loaded(t)
	for _, op := range Operations() {
		name, row := op.Row().Name, op.Row()
		item := doc.Paths.Value(row.Path())
		if item == nil {
			t.Errorf("%s %s is not described", name, row.Path())
			continue
		}
		described := item.GetOperation(row.Method())
		answers, refused := 0, error(nil)
		for _, try := range attempts[name] {
			w := &world{}
			request := op.NewRequest()
			reflect.ValueOf(request).Elem().Set(reflect.ValueOf(try.request))
			if body := described.RequestBody; body != nil && body.Value.Content.Get("application/json") != nil {
				fits(t, name+": request", body.Value.Content.Get("application/json").Schema.Value, try.request)
			}
			service := w.service()
			service.o.Index = noIndex{}
			answer, err := op.DoAny(t.Context(), service, Root("ada"), request)
			if err != nil {
				refused = err
				continue
			}
			answers++
			if stream, is := answer.(Stream); is {
				stream.Close()
				continue
			}
			ok := described.Responses.Value("200").Value
			fits(t, name+": answer", ok.Content.Get("application/json").Schema.Value, answer)
		}
		if answers == 0 {
			t.Errorf("%s: no attempt has an answer: %v", name, refused)
		}
	}
}

// noIndex is one that is built.
type noIndex struct{}

func (noIndex) Status(context.Context) (index.Status, error) { return index.Status{Ready: true}, nil }
func (noIndex) Rebuild()                                     {}

// fits requires that a value's JSON is as a schema says.
func fits(t *testing.T, what string, schema *openapi3.Schema, v any) {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(what, err)
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(what, err)
	}
	if err := schema.VisitJSON(value, openapi3.EnableJSONSchema2020(), openapi3.MultiErrors()); err != nil {
		t.Errorf("%s: %v\n%s", what, err, text)
	}
}

// description makes the document.
type description struct {
	t       *testing.T
	schemas map[string]any
	code    map[string]*source // by import path
}

// source is what a package's code says of its types.
type source struct {
	types  map[string]string            // by name
	fields map[string]map[string]string // by type and field
	values map[string][]any             // constants, by type
}

func document(t *testing.T) map[string]any {
	d := &description{t: t, schemas: map[string]any{}, code: map[string]*source{}}
	paths := map[string]map[string]any{}
	for _, op := range Operations() {
		row := op.Row()
		if paths[row.Path()] == nil {
			paths[row.Path()] = map[string]any{}
		}
		paths[row.Path()][strings.ToLower(row.Method())] = d.operation(op)
	}
	paths["/v1/openapi.json"] = map[string]any{"get": map[string]any{"operationId": "openapi.show",
		"summary": "this description", "tags": []string{"openapi"},
		"responses": map[string]any{"200": map[string]any{"description": "OpenAPI 3.1",
			"content": content("application/json", map[string]any{"type": "object"})},
			"default": reference("responses", "Problem")}}}
	var codes []string
	for code := range Statuses {
		if code != Unreachable {
			codes = append(codes, string(code))
		}
	}
	slices.Sort(codes)
	d.schemas["Problem"] = map[string]any{"type": "object",
		"description": "Why there is no answer (RFC 9457). The code is for programs and stays, the detail is for people.",
		"required":    []string{"type", "title", "status", "detail", "code"},
		"properties": map[string]any{"type": map[string]any{"type": "string"}, "title": map[string]any{"type": "string"},
			"status": map[string]any{"type": "integer"}, "detail": map[string]any{"type": "string"},
			"code": map[string]any{"type": "string", "examples": codes},
			"ids":  map[string]any{"type": "array", "items": map[string]any{"type": "string"}}}}
	return map[string]any{
		"openapi": "3.1.0",
		"info": map[string]any{"title": "clawback", "version": "1",
			"description": "Every operation of the command line, for programs. Who asks shows a token, which has a role in " +
				"some tenants. What is not known in a request is refused.",
			"license": map[string]any{"name": "Apache-2.0", "identifier": "Apache-2.0"}},
		"servers":  []any{map[string]any{"url": "/"}},
		"security": []any{map[string]any{"token": []string{}}},
		"paths":    paths,
		"components": map[string]any{"schemas": d.schemas,
			"responses": map[string]any{"Problem": map[string]any{"description": "There is no answer.",
				"headers": map[string]any{"Retry-After": map[string]any{
					"description": "Seconds to wait, after 429 and 503.", "schema": map[string]any{"type": "integer"}}},
				"content": content("application/problem+json", reference("schemas", "Problem"))}},
			"securitySchemes": map[string]any{"token": map[string]any{"type": "http", "scheme": "bearer"}}},
	}
}

func reference(kind, name string) map[string]any {
	return map[string]any{"$ref": "#/components/" + kind + "/" + name}
}

func content(kind string, schema any) map[string]any {
	return map[string]any{kind: map[string]any{"schema": schema}}
}

// operation describes one operation.
func (d *description) operation(op Any) map[string]any {
	row := op.Row()
	tag, _, _ := strings.Cut(row.Name, ".")
	if row.Does == "" {
		d.t.Errorf("%s does not say what it does", row.Name)
	}
	out := map[string]any{"operationId": row.Name, "summary": row.Does, "tags": []string{tag}, "description": whoMay(row)}
	request := reflect.TypeOf(op.NewRequest()).Elem()
	_, upload := op.NewRequest().(interface{ SetBody(io.Reader) })
	var parameters []any
	body := map[string]any{"type": "object", "additionalProperties": false}
	properties := map[string]any{}
	for _, f := range d.fields(request) {
		where := "query"
		switch {
		case f.path:
			where = "path"
		case !row.Reads() && !upload:
			properties[f.name] = f.schema
			continue
		}
		p := map[string]any{"name": f.name, "in": where, "schema": f.schema}
		if where == "path" {
			p["required"] = true
		}
		if f.says != "" {
			p["description"] = f.says
		}
		parameters = append(parameters, p)
	}
	switch {
	case upload:
		out["requestBody"] = map[string]any{"required": true, "content": content("message/rfc822", map[string]any{})}
	case len(properties) > 0:
		body["properties"] = properties
		out["requestBody"] = map[string]any{"content": content("application/json", body)}
	}
	answer := map[string]any{"description": "What was asked for."}
	if op.Answer() == reflect.TypeFor[Stream]() {
		answer["content"] = map[string]any{"*/*": map[string]any{}}
	} else {
		answer["content"] = content("application/json", d.schema(op.Answer()))
	}
	responses := map[string]any{"200": answer, "default": reference("responses", "Problem")}
	for _, status := range statusesOf(row) {
		responses[strconv.Itoa(status)] = reference("responses", "Problem")
	}
	out["parameters"] = append(parameters, conditions(row, responses, answer)...)
	out["responses"] = responses
	return out
}

// statusesOf are those of an operation's problems.
func statusesOf(row Operation) []int {
	list := []int{400, 401, 403, 404, 409, 410, 429, 500, 503}
	if !row.Reads() {
		list = append(list, 408, 413, 415)
	}
	if row.Acts() {
		list = append(list, 412, 422)
	}
	return list
}

// conditions are the header fields by which a request is carried out once, or only if nothing has changed.
func conditions(row Operation, responses, answer map[string]any) (parameters []any) {
	header := func(name, says string) {
		parameters = append(parameters, map[string]any{"name": name, "in": "header", "description": says,
			"schema": map[string]any{"type": "string"}})
	}
	switch stream := answer["content"].(map[string]any)["*/*"] != nil; {
	case row.Acts():
		header("Idempotency-Key", "Carries the request out once, however often it is sent in 24 hours: the answer is that "+
			"of the first time. 422 where the key was of another request, 409 while the first is under way.")
		header("If-Match", "The ETag with which the thing was read: 412 where it has changed since, or where the "+
			"operation is about no one thing.")
		answer["headers"] = map[string]any{"Idempotency-Replayed": map[string]any{
			"description": "true where this was answered before.", "schema": map[string]any{"type": "string"}}}
	case row.Reads() && !stream:
		header("If-None-Match", "The ETag of an answer that is at hand: 304 where it still stands.")
		answer["headers"] = map[string]any{"ETag": map[string]any{
			"description": "Changes when the answer does.", "schema": map[string]any{"type": "string"}}}
		responses["304"] = map[string]any{"description": "The answer at hand still stands."}
	}
	return parameters
}

// whoMay says who may.
func whoMay(row Operation) string {
	says := fmt.Sprintf("Needs the role %s", row.Role)
	if row.Machine {
		says += " in all tenants"
	} else {
		says += " in the tenant that it is about"
	}
	if row.Bodies {
		says += ", and the right to read the bytes of messages"
	}
	if !row.Reads() && !row.Asks {
		says += ". It stands in the audit"
	}
	return says + "."
}

// member is a field on the wire.
type member struct {
	name, says string
	schema     map[string]any
	path       bool
	needed     bool
}

// fields are those of a struct, and of what is embedded in it, as encoding/json has them.
func (d *description) fields(of reflect.Type) (list []member) {
	says := d.source(of.PkgPath()).fields[plainName(of)]
	for i := range of.NumField() {
		f := of.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		path := f.Tag.Get("path")
		switch {
		case f.Anonymous && name == "":
			list = append(list, d.fields(f.Type)...)
			continue
		case path != "":
			name = path
		case !f.IsExported() || name == "-":
			continue
		case name == "":
			name = f.Name
		}
		m := member{name: name, says: says[f.Name], schema: d.schema(f.Type), path: path != "",
			needed: !strings.Contains(options, "omitempty") && !strings.Contains(options, "omitzero")}
		if strings.Contains(options, "string") {
			m.schema = map[string]any{"type": "string"}
		}
		if k := f.Type.Kind(); m.needed && (k == reflect.Slice || k == reflect.Map || k == reflect.Pointer) {
			m.schema = map[string]any{"anyOf": []any{m.schema, map[string]any{"type": "null"}}}
		}
		list = append(list, m)
	}
	return list
}

// schema describes a type's JSON.
func (d *description) schema(of reflect.Type) map[string]any {
	switch {
	case of == reflect.TypeFor[time.Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	case of == reflect.TypeFor[json.RawMessage]():
		return map[string]any{}
	case of.Kind() == reflect.Pointer:
		return d.schema(of.Elem())
	case of.Implements(reflect.TypeFor[encoding.TextMarshaler]()), of.Kind() == reflect.String:
		return d.text(of)
	case of.Implements(reflect.TypeFor[json.Marshaler]()):
		d.t.Errorf("%s encodes itself: say how", of)
	}
	switch of.Kind() {
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return map[string]any{"type": "integer", "minimum": 0}
	case reflect.Float32, reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Slice, reflect.Array:
		if of.Elem() == reflect.TypeFor[byte]() {
			return map[string]any{"type": "string", "contentEncoding": "base64"}
		}
		return map[string]any{"type": "array", "items": d.schema(of.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": d.schema(of.Elem())}
	case reflect.Interface:
		return map[string]any{}
	case reflect.Struct:
		return d.object(of)
	default:
		d.t.Errorf("%s: no JSON has it", of)
		return nil
	}
}

// text is a string, with the values that it has where the code names them. Others may come: they are examples.
func (d *description) text(of reflect.Type) map[string]any {
	out := map[string]any{"type": "string"}
	switch values := d.source(of.PkgPath()).values[of.Name()]; {
	case of == reflect.TypeFor[verdict.Disposition]():
		var names []string
		for d := verdict.Unscored; d <= verdict.Malicious; d++ {
			names = append(names, d.String())
		}
		out["examples"] = names
	case of.Kind() == reflect.String && len(values) > 1:
		out["examples"] = values
	}
	return out
}

// object is a struct: described once, and referred to.
func (d *description) object(of reflect.Type) map[string]any {
	name := schemaName(of)
	if d.schemas[name] != nil {
		return reference("schemas", name)
	}
	schema := map[string]any{"type": "object"}
	d.schemas[name] = schema // before its fields, which may have it too
	properties, required := map[string]any{}, []string{}
	for _, f := range d.fields(of) {
		if f.says != "" {
			f.schema = maps.Clone(f.schema)
			f.schema["description"] = f.says
		}
		properties[f.name] = f.schema
		if f.needed {
			required = append(required, f.name)
		}
	}
	schema["properties"] = properties
	if len(required) > 0 {
		schema["required"] = required
	}
	if says := d.source(of.PkgPath()).types[plainName(of)]; says != "" {
		schema["description"] = says
	}
	return reference("schemas", name)
}

// plainName is a type's name without what it is made with.
func plainName(of reflect.Type) string { name, _, _ := strings.Cut(of.Name(), "["); return name }

// schemaName is Act, or ActPage of Page[Act]; what is of another package has its name before.
func schemaName(of reflect.Type) string {
	name, made, generic := strings.Cut(of.Name(), "[")
	if generic {
		made = strings.TrimSuffix(made[strings.LastIndex(made, ".")+1:], "]")
	}
	if of.PkgPath() != reflect.TypeFor[Act]().PkgPath() {
		base := filepath.Base(of.PkgPath())
		name = strings.ToUpper(base[:1]) + base[1:] + name
	}
	return made + name
}

// source reads what a package of this module says of its types.
func (d *description) source(path string) *source {
	if have := d.code[path]; have != nil {
		return have
	}
	s := &source{types: map[string]string{}, fields: map[string]map[string]string{}, values: map[string][]any{}}
	d.code[path] = s
	dir, ours := strings.CutPrefix(path, "clawback/")
	if !ours {
		return s
	}
	files, err := filepath.Glob(filepath.Join("..", dir, "*.go"))
	if err != nil {
		d.t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			d.t.Fatal(err)
		}
		for _, one := range file.Decls {
			if declared, is := one.(*ast.GenDecl); is {
				s.declared(declared)
			}
		}
	}
	return s
}

func (s *source) declared(declared *ast.GenDecl) {
	for _, spec := range declared.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			s.types[spec.Name.Name] = oneLine(declared.Doc.Text())
			if structure, is := spec.Type.(*ast.StructType); is {
				s.fields[spec.Name.Name] = fieldComments(structure)
			}
		case *ast.ValueSpec:
			s.constant(declared, spec)
		}
	}
}

// constant notes the value of a string constant of a type of its own.
func (s *source) constant(declared *ast.GenDecl, spec *ast.ValueSpec) {
	of, is := spec.Type.(*ast.Ident)
	if declared.Tok != token.CONST || !is || len(spec.Values) != 1 {
		return
	}
	if literal, is := spec.Values[0].(*ast.BasicLit); is && literal.Kind == token.STRING {
		if value, err := strconv.Unquote(literal.Value); err == nil {
			s.values[of.Name] = append(s.values[of.Name], value)
		}
	}
}

func fieldComments(of *ast.StructType) map[string]string {
	says := map[string]string{}
	for _, f := range of.Fields.List {
		for _, name := range f.Names {
			says[name.Name] = oneLine(f.Doc.Text() + " " + f.Comment.Text())
		}
	}
	return says
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
