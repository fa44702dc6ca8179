package rdap

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestParseAnswer_takesTheLastRegistrationThatCanBe(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		events []string
		want   string // "": no date
	}{
		"registered":                 {[]string{event("registration", "2010-02-03T04:05:06Z")}, "2010-02-03T04:05:06Z"},
		"with an offset":             {[]string{event("registration", "2010-02-03T04:05:06+05:30")}, "2010-02-02T22:35:06Z"},
		"with a fraction":            {[]string{event("registration", "2010-02-03T04:05:06.789Z")}, "2010-02-03T04:05:06.789Z"},
		"in capitals":                {[]string{event("Registration", "2010-02-03T04:05:06Z")}, "2010-02-03T04:05:06Z"},
		"lapsed, registered again":   {[]string{event("registration", "2010-02-03T04:05:06Z"), event("reregistration", "2026-11-20T00:00:00Z")}, "2026-11-20T00:00:00Z"},
		"the other way round":        {[]string{event("reregistration", "2026-11-20T00:00:00Z"), event("registration", "2010-02-03T04:05:06Z")}, "2026-11-20T00:00:00Z"},
		"moved to another registrar": {[]string{event("transfer", "2026-11-20T00:00:00Z"), event("registration", "2010-02-03T04:05:06Z")}, "2010-02-03T04:05:06Z"},
		"a clock a little ahead":     {[]string{event("registration", "2026-11-21T13:00:00Z")}, "2026-11-21T13:00:00Z"},
		"of the future":              {[]string{event("registration", "2126-11-20T00:00:00Z")}, ""},
		"before there were any":      {[]string{event("registration", "1970-01-01T00:00:00Z")}, ""},
		"year nought":                {[]string{event("registration", "0001-01-01T00:00:00Z")}, ""},
		"no date":                    {[]string{event("registration", "yesterday")}, ""},
		"a day":                      {[]string{event("registration", "2010-02-03")}, ""}, // RFC 9083, section 3: RFC 3339 it must be
		"an event without date":      {[]string{`{"eventAction":"registration"}`}, ""},
		"none":                       {nil, ""},
	} {
		got, err := parseAnswer([]byte(object("x.com", c.events...)), "x.com", now)
		if c.want == "" {
			if !errors.Is(err, errNoDate) {
				t.Errorf("%s: %v, %v, want none", name, got, err)
			}
			continue
		}
		want, _ := time.Parse(time.RFC3339, c.want)
		if err != nil || !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("%s: %v, %v, want %v", name, got, err, want)
		}
	}
}

func TestParseAnswer_isAboutTheDomainThatWasAskedFor(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	const events = `"events":[{"eventAction":"registration","eventDate":"2010-02-03T04:05:06Z"}]}`
	for text, good := range map[string]bool{
		`{"objectClassName":"domain","ldhName":"xn--e1afmkfd.xn--p1ai",` + events:                                true,
		`{"objectClassName":"domain","ldhName":"XN--E1AFMKFD.XN--P1AI.",` + events:                               true,
		`{"objectClassName":"domain","unicodeName":"пример.рф",` + events:                                        true,
		`{"objectClassName":"domain","ldhName":"x.com","unicodeName":"пример.рф",` + events:                      false,
		`{"objectClassName":"domain",` + events:                                                                  false,
		`{"ldhName":"xn--e1afmkfd.xn--p1ai",` + events:                                                           false,
		`{"objectClassName":"nameserver","ldhName":"xn--e1afmkfd.xn--p1ai",` + events:                            false,
		`{"errorCode":404,"title":"Not Found",` + events:                                                         false,
		`{"objectClassName":"domain","ldhName":["xn--e1afmkfd.xn--p1ai"],` + events:                              false,
		`{"objectClassName":"domain","ldhName":"xn--e1afmkfd.xn--p1ai","events":{"eventAction":"registration"}}`: false,
	} {
		if on, err := parseAnswer([]byte(text), "xn--e1afmkfd.xn--p1ai", now); (err == nil) != good {
			t.Errorf("%s: %v, %v", text, on, err)
		}
	}
}

func FuzzParseAnswer(f *testing.F) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for _, text := range []string{
		object("x.com"), registeredOn("x.com", "2010-02-03T04:05:06Z"), object("x.com", event("reregistration", "2026-11-20T00:00:00Z")),
		`{"errorCode":404}`, `[]`, `{"objectClassName":"domain","unicodeName":"x。com","events":[{}]}`, strings.Repeat(`{"events":[`, 2000),
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		on, err := parseAnswer(data, "x.com", now)
		if err != nil && !on.IsZero() {
			t.Errorf("an error and %v", on)
		}
		if err == nil && (on.Before(firstDomain()) || on.After(now.Add(clockSkew))) {
			t.Errorf("a registration on %v", on)
		}
	})
}
