package graphsim

import (
	"errors"
	"strings"
	"testing"
	"time"
)

var sample = object{
	"internetMessageId": "<a'b@x>", "isRead": true, "receivedDateTime": time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC),
	"proxyAddresses":                []string{"SMTP:Anna@contoso.example", "smtp:sales@contoso.example"},
	"singleValueExtendedProperties": []object{{"id": "String 0x1035", "value": "<a'b@x>"}, {"id": "String 0x1000", "value": "no"}},
}

func TestParseFilter_judges(t *testing.T) {
	for _, c := range []struct {
		filter string
		want   bool
	}{
		{"internetMessageId eq '<a''b@x>'", true},
		{"internetMessageId eq '<A''B@X>'", true}, // the service compares without case
		{"INTERNETMESSAGEID EQ '<a''b@x>'", true},
		{"internetMessageId eq '<other>'", false},
		{"internetMessageId ne '<other>'", true},
		{"startswith(internetMessageId,'<A')", true},
		{"startswith(internetMessageId, '<b')", false},
		{"isRead eq true", true},
		{"not isRead eq true", false},
		{"isRead eq false or internetMessageId eq '<a''b@x>'", true},
		{"isRead eq false and internetMessageId eq '<a''b@x>'", false},
		{"(isRead eq false or isRead eq true) and isRead eq true", true},
		{"receivedDateTime ge 2026-11-21T12:00:00Z and receivedDateTime lt 2026-11-21T12:00:01Z", true},
		{"receivedDateTime gt 2026-11-21T12:00:00Z", false},
		{"proxyAddresses/any(x:x eq 'smtp:sales@contoso.example')", true},
		{"proxyAddresses/any(x:x eq 'smtp:SALES@contoso.example')", true},
		{"proxyAddresses/any(x:x eq 'SMTP:sales@contoso.example')", false}, // the prefix counts
		{"proxyAddresses/any(x:startswith(x,'smtp:'))", true},
		{"singleValueExtendedProperties/any(ep:ep/id eq 'String 0x1035' and ep/value eq '<a''b@x>')", true},
		{"singleValueExtendedProperties/any(ep: ep/id eq 'String 0x1000' and ep/value eq '<a''b@x>')", false},
	} {
		e, err := parseFilter(c.filter)
		if err != nil {
			t.Errorf("%s: %v", c.filter, err)
			continue
		}
		if got, err := matches(e, sample); err != nil || got != c.want {
			t.Errorf("%s: %t %v", c.filter, got, err)
		}
	}
}

func TestParseFilter_refuses(t *testing.T) {
	for _, filter := range []string{
		"", " ", "internetMessageId", "internetMessageId eq", "internetMessageId eq <a@x>", "internetMessageId eq 'a",
		"internetMessageId eq 'a' 'b'", "internetMessageId eq 'a'b'", "internetMessageId eq 'o'brien'", "internetMessageId == 'a'",
		"internetMessageId eq 'a' and", "(isRead eq true", "isRead eq true)", "any(x:x eq 'a')x", "proxyAddresses/all(x:x eq 'a')",
		"proxyAddresses/any(x eq 'a')", "contains(subject,'x')", "receivedDateTime ge yesterday", strings.Repeat("(", 1000),
		strings.Repeat("not ", 1000) + "isRead eq true", "isRead eq 'true' or", "startswith(subject)", "startswith(subject,true)",
	} {
		if _, err := parseFilter(filter); !errors.Is(err, errFilter) {
			t.Errorf("%q: %v", filter, err)
		}
	}
	for _, filter := range []string{"nothing eq 'x'", "isRead eq 'x'", "internetMessageId eq true", "isRead/any(x:x eq 'a')", "internetMessageId ge 2026-11-21T12:00:00Z"} {
		e, err := parseFilter(filter)
		if err != nil {
			t.Errorf("%q: %v", filter, err)
			continue
		}
		if _, err := matches(e, sample); !errors.Is(err, errFilter) {
			t.Errorf("%q is judged: %v", filter, err)
		}
	}
}

func FuzzParseFilter(f *testing.F) {
	for _, s := range []string{"internetMessageId eq '<a''b@x>'", "proxyAddresses/any(x:x eq 'a') or not (isRead eq true)", "a/any(b:b/c eq ''"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := parseFilter(s)
		if err != nil {
			return
		}
		matches(e, sample)
		equalities(e, "proxyAddresses")
	})
}

// FuzzFilter_literal: whatever a Message-ID holds, quoted and escaped as OData says it matches itself and nothing else.
func FuzzFilter_literal(f *testing.F) {
	f.Add("<a'b@x>", "<other>")
	f.Add("x' or isRead eq true or internetMessageId eq '", "")
	f.Fuzz(func(t *testing.T, id, other string) {
		e, err := parseFilter("internetMessageId eq '" + strings.ReplaceAll(id, "'", "''") + "'")
		if err != nil {
			t.Fatalf("%q: %v", id, err)
		}
		if got, err := matches(e, object{"internetMessageId": id}); !got || err != nil {
			t.Errorf("%q does not match itself: %v", id, err)
		}
		if got, _ := matches(e, object{"internetMessageId": other}); got != (strings.Compare(strings.ToLower(id), strings.ToLower(other)) == 0) {
			t.Errorf("%q against %q: %t", id, other, got)
		}
	})
}

func TestParseQuery_strict(t *testing.T) {
	q, err := parseQuery("$filter=internetMessageId%20eq%20'a%2Bb'&%24top=5&$select=id,subject")
	if err != nil || q.Get("$filter") != "internetMessageId eq 'a+b'" || q.Get("$top") != "5" {
		t.Errorf("%v %v", q, err)
	}
	if q, err = parseQuery("$filter=x eq 'a+b'"); err != nil || q.Get("$filter") != "x eq 'a b'" {
		t.Errorf("a plus sign that is not encoded is a space: %v %v", q, err)
	}
	for _, raw := range []string{"$filter=100%", "$top=1&$top=2", "top=1", "$search=x", "$filter=%zz"} {
		if _, err := parseQuery(raw); !errors.Is(err, errQuery) {
			t.Errorf("%q: %v", raw, err)
		}
	}
}
