package graph

import (
	"reflect"
	"testing"

	jsonserialization "github.com/microsoft/kiota-serialization-json-go"
)

// The tree of an answer is the one that the SDK's own parser makes, value by value, and what is no JSON is an error.
func TestParsers_asTheSDKs(t *testing.T) {
	own, sdks := jsonParsers(), jsonserialization.NewJsonParseNodeFactory()
	for _, text := range []string{
		`{"value":[{"id":"AAkALg=","isRead":false,"isDraft":true,"size":1200,"part":0.25,"subject":null}],"n":[]}`,
		`{"a":{"b":{"c":[[1,-2e3],[],{}]}},"":"","a":"the last one counts"}`,
		`"text \u00e9 \ud83d\ude00 \ud800"`, `"` + "\xff" + `"`, `true`, `12345678901234567890`, `[null]`, ` {} `,
	} {
		want, err := sdks.GetRootParseNode("application/json", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		got, err := own.GetRootParseNode("application/json", []byte(text))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v (%v), want %v", text, raw(t, got), err, raw(t, want))
		}
	}
	for _, text := range []string{"", "{", `{"a":1}x`, "<html>", `{"a" 1}`, `[1,]`} {
		if n, err := own.GetRootParseNode("application/json", []byte(text)); err == nil {
			t.Errorf("%q: %v, want an error", text, raw(t, n))
		}
	}
	for _, contentType := range []string{"", "text/html"} {
		if _, err := own.GetRootParseNode(contentType, []byte("{}")); err == nil {
			t.Errorf("type %q: no error", contentType)
		}
	}
}

func raw(t *testing.T, n interface{ GetRawValue() (any, error) }) any {
	t.Helper()
	v, err := n.GetRawValue()
	if err != nil {
		t.Error(err)
	}
	return v
}
