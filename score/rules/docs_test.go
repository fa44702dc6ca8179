package rules

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// Every name that a rule may use is explained to those who write rules.
func TestModel_isDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/policies.md")
	if err != nil {
		t.Fatal(err)
	}
	names := 0
	for _, value := range []any{Model{}, Address{}, Link{}, Attachment{}, Auth{}} {
		fields := reflect.TypeOf(value)
		for i := range fields.NumField() {
			name := fields.Field(i).Tag.Get("expr")
			if names++; !strings.Contains(string(doc), "`"+name+"`") {
				t.Errorf("%s.%s: `%s` is not in docs/policies.md", fields.Name(), fields.Field(i).Name, name)
			}
		}
	}
	if names < 25 {
		t.Errorf("only %d names were looked at", names)
	}
}
