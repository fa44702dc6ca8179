package score

import (
	"strings"
	"testing"
)

// What Exchange found counts, and nobody else's words, wherever a sender writes them before Exchange's.
func TestMicrosoft_exchangesOwnStampAlone(t *testing.T) {
	const (
		phish = "X-Forefront-Antispam-Report: CIP:192.0.2.1;SCL:8;CAT:PHSH;DIR:INB;\n"
		none  = "X-Forefront-Antispam-Report: CIP:192.0.2.1;SCL:1;CAT:NONE;DIR:INB;\n"
		path  = "Return-Path: <a@evil.example>\n"
	)
	for name, c := range map[string]struct {
		fields string
		want   string
	}{
		"Exchange's":                       {path + phish, "microsoft.phish"},
		"none":                             {path, ""},
		"a harmless one of the sender's":   {none + path + phish, "microsoft.phish"},
		"many of them":                     {strings.Repeat(none, 50) + path + phish, "microsoft.phish"},
		"more than are kept":               {strings.Repeat(none, 5000) + path + phish, ""},
		"folded":                           {strings.Replace(none, ": ", ":\n\t", 1) + path + phish, "microsoft.phish"},
		"in capitals":                      {strings.ToUpper(none) + path + phish, "microsoft.phish"},
		"behind a line that is no field":   {none + "no field\n" + path + phish, "microsoft.phish"},
		"a bad one of the sender's":        {phish + path + none, ""},
		"the key twice in Exchange's":      {path + "X-Forefront-Antispam-Report: CAT:PHSH;CAT:NONE;\n", "microsoft.phish"},
		"renamed by Exchange":              {strings.Replace(phish, "Report:", "Report-Untrusted:", 1) + path + none, ""},
		"a low complaint level before":     {"X-Microsoft-Antispam: BCL:0;\n" + path + none + "X-Microsoft-Antispam: BCL:8;\n", "microsoft.bulk"},
		"a high complaint level before":    {"X-Microsoft-Antispam: BCL:9;\n" + path + none + "X-Microsoft-Antispam: BCL:0;\n", ""},
		"a level of confidence before":     {"X-Forefront-Antispam-Report: SCL:-1;\n" + path + "X-Forefront-Antispam-Report: SCL:9;\n", "microsoft.spam"},
		"the sender's level of confidence": {"X-Forefront-Antispam-Report: SCL:9;\n" + path + "X-Forefront-Antispam-Report: SCL:1;\n", ""},
	} {
		r := run(t, scorer(t, Options{TrustMicrosoft: true}), strings.TrimPrefix(c.fields+base, "\n"))
		var got []string
		for _, reason := range r.Reasons {
			if reason.Family == "microsoft" {
				got = append(got, reason.ID)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// Nobody becomes a colleague by what he writes into his own header.
func TestDirection_byExchangesOwnStamp(t *testing.T) {
	const (
		inside  = "X-MS-Exchange-Organization-AuthAs: Internal\nX-MS-Exchange-Organization-MessageDirectionality: Originating\n"
		outside = "X-MS-Exchange-Organization-AuthAs: Anonymous\nX-MS-Exchange-Organization-MessageDirectionality: Incoming\n"
	)
	for name, c := range map[string]struct{ fields, want string }{
		"Exchange's":           {outside, "in"},
		"the sender's before":  {inside + outside, "in"},
		"many of them":         {strings.Repeat(inside, 3000) + outside, "in"},
		"one of ours":          {inside, "out"},
		"one that is internal": {"X-MS-Exchange-Organization-AuthAs: Internal\n", "internal"},
		"none":                 {"", "in"},
	} {
		if got := direction(Message{}, header(t, c.fields+"From: Ann <ann@partner.example>")); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
