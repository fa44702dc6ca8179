package rules

import (
	"testing"
	"time"

	"clawback/internal/test/cputime"
)

// Whatever is written into a rule file, reading and running it ends, soon, and without a panic.
func FuzzParse(f *testing.F) {
	f.Add("[[rule]]\nid = \"a\"\nwhen = 'any(links, .host endsWith \".example\")'\n")
	f.Add("[[rule]]\nid = \"a\"\nwhen = '''\nlet r = 1..9;\nall(r, reduce(r, # + #acc, 0) > 3) or sortBy(attachments, .size)[0].name matches \"x+\"'''\nmode = \"act\"\nthreat = 1.5\n")
	f.Add("[[rule]]\nid = \"b\"\nwhen = \"len(groupBy(to, .domain)) > 2 && headers[\\\"x\\\"][0] == string(len(text))\"\nhard = true\n")
	m := crowded()
	m.Links, m.Text = m.Links[:20], m.Text[:1000]
	f.Fuzz(func(t *testing.T, text string) {
		started := cputime.Used()
		all, err := Parse("fuzz.toml", text)
		if err != nil {
			return
		}
		set, err := New(all)
		if err != nil {
			return
		}
		set.Match(m)
		if took := cputime.Used() - started; took > 20*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func FuzzExpression(f *testing.F) {
	for _, when := range []string{
		`any(links, .host endsWith ".example")`, `reduce(attachments, #acc + .size, 0) > 3`, `"x" in headers && headers["x"][0] matches "a+b"`,
		`let r = 1..20; all(r, any(r, # == 3))`, `sortBy(links, .host)[0].domain == from.domain ? true : false`, `len(groupBy(to, .domain)) > 2`,
		`subject | lower() | split(" ") | map(trim(#)) | any(# == "x")`, `repeat(subject, 100000) == ""`, `topics["payment"] ?? 0 > 1`,
	} {
		f.Add(when)
	}
	m := crowded()
	m.Links, m.Text = m.Links[:20], m.Text[:1000]
	f.Fuzz(func(t *testing.T, when string) {
		set, err := New([]Rule{{ID: "f", When: when}})
		if err != nil {
			return
		}
		started := cputime.Used()
		set.Match(m)
		if took := cputime.Used() - started; took > 20*time.Second {
			t.Errorf("%q took %v", when, took)
		}
	})
}
