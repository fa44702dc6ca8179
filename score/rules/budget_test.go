package rules

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"clawback/internal/test/cputime"
)

func crowded() Model {
	m := Model{Text: strings.Repeat("aaaaaaab", 8<<10), Headers: map[string][]string{}}
	for range 100 {
		m.Links = append(m.Links, Link{Host: "a.example", Domain: "a.example"})
	}
	return m
}

func TestMatch_isBoundedInTime(t *testing.T) {
	for _, when := range []string{
		`let r = 1..20000; all(r, all(r, true))`,
		`all(links, all(links, all(links, all(links, true))))`,
		`all(links, all(links, not (text matches "(a|b)+c$")))`,
		`len(filter(links, any(links, any(links, count(links, true) < 0)))) > 0`,
		`all(links, not (text matches "(a|b|[^c]){1000}d"))`,
		`all(links, not (text matches "(a|b|[^c]){1000}d" + .host))`,
		`all(1..90000, lower(upper(lower(upper(lower(upper(lower(text))))))) != "")`,
		`all(1..90000, text not contains subject + "aaaaaaaaaaaaaac")`,
	} {
		set, err := New([]Rule{{ID: "slow", When: when, Mode: "act"}})
		if err != nil {
			t.Fatal(err)
		}
		started := cputime.Used()
		got := set.Match(crowded())
		// Without the budget these take minutes and hours. The room is for the race detector.
		if took := cputime.Used() - started; took > 8*maxTime {
			t.Errorf("%s: took %v", when, took)
		}
		if len(got) != 1 || !errors.Is(got[0].Err, errTurns) && !errors.Is(got[0].Err, errTime) &&
			!errors.Is(got[0].Err, errOctets) {
			t.Errorf("%s: %+v, want that its budget is spent", when, got)
		}
	}
}

func TestMatch_isBoundedInText(t *testing.T) {
	double := "let a0 = text + text; "
	for i := range 40 {
		double += fmt.Sprintf("let a%d = a%d + a%d; ", i+1, i, i)
	}
	for _, when := range []string{
		double + `len(a40) > 0`,
		strings.Replace(double, "text + text", `[text, 1][0] + [text, 1][0]`, 1) + `len(a40) > 0`,
		`len(join(map(1..20000, text), "")) > 0`,
		`len(join(map(1..20000, text))) > 0`,
		`repeat(text, 1000000) != ""`,
		`repeat(text, 9000000000000000000) != ""`,
		`replace(text, "a", text) != ""`,
		`len(map(1..20000, upper(text))) > 0`,
		`len(map(1..20000, split(text, ""))) > 0`,
		`string(map(1..20000, text)) != ""`,
	} {
		set, err := New([]Rule{{ID: "large", When: when, Mode: "act"}})
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got := set.Match(crowded())
		runtime.ReadMemStats(&after)
		if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 64 {
			t.Errorf("%.60s: %d MiB", when, used)
		}
		if len(got) != 1 || got[0].Err == nil {
			t.Errorf("%.60s: %+v, want that its budget is spent", when, got)
		}
	}
}

func TestMatch_loopsMeanWhatTheySay(t *testing.T) {
	m := crowded()
	m.Links[7].Host = "b.example"
	m.Attachments = []Attachment{{Name: "a.exe", Size: 3}, {Name: "b.pdf", Size: 4}}
	m.To = []Address{{Domain: "x.example"}}
	m.Recipients = []string{"a@x.example", "b@x.example"}
	m.Headers["received"] = []string{"one", "two"}
	m.Topics = map[string]float64{"payment": 2}
	for _, when := range []string{
		`any(links, .host == "b.example")`,
		`count(links, .host == "b.example") == 1`,
		`len(filter(links, .host != "b.example")) == 99`,
		`find(links, .host == "b.example").domain == "a.example"`,
		`all(attachments, any(links, .host == "b.example") and .size < 5)`,
		`sum(attachments, .size) == 7`,
		`any(map(attachments, .name), # endsWith ".exe")`,
		`reduce(attachments, #acc + .size, 0) == 7`,
		`none(to, .domain == "y.example")`,
		`one(recipients, # startsWith "a@")`,
		`any(headers["received"], # == "two")`,
		`sortBy(attachments, .size)[0].name == "a.exe"`,
		`len(groupBy(links, .domain)) == 1`,
		`any(keys(topics), # == "payment")`,
		`any(1..3, # == 2)`,
		`any([1, "x"], # == "x")`,
		`any(["y", "x"], # + "a" == "xa") and any([1, 2.5], # + 1 == 3.5)`,
		`findIndex(links, .host == "b.example") == 7`,
		`subject matches "^$"`,
		`text matches "b$" and not (text matches "c")`,
		`text matches "(a|b){90}" and text matches "^(a+b)+$" and not (text matches "^(a+b)+c$")`,
		`any(links, .host matches "^" + "b[.]")`,
		`join(["a", "b"], "-") == "a-b" and join(recipients) == "a@x.exampleb@x.example" and (["x", "y"] | join("")) == "xy"`,
		`repeat("ab", 3) == "ababab" and replace("aXbX", "X", "--") == "a--b--" and replace("aXbX", "X", "-", 1) == "a-bX"`,
		`string(3) == "3" and string(true) == "true" and "n" + string(1.5) == "n1.5" and string(from.domain) == ""`,
		`1 + 2 == 3 and 1.5 + 1 == 2.5 and lower("A" + "B") == "ab" and split("a b", " ")[1] == "b"`,
	} {
		set, err := New([]Rule{{ID: "r", When: when, Mode: "act"}})
		if err != nil {
			t.Errorf("%s: %v", when, err)
			continue
		}
		if got := set.Match(m); len(got) != 1 || got[0].Err != nil {
			t.Errorf("%s: %+v", when, got)
		}
	}
}

func TestNew_theBudgetCannotBeNamed(t *testing.T) {
	for _, when := range []string{`__budget != nil`, `toJSON(links) != ""`, `__turn(nil, true)`, `"a" matches "("`, `len(__spend(1, [1])) > 0`, `any(links, .hots == "x")`} {
		if _, err := New([]Rule{{ID: "r", When: when}}); err == nil {
			t.Errorf("%s was taken", when)
		}
	}
}

func TestNew_isBoundedInDepth(t *testing.T) {
	for _, n := range []int{maxLength/2 - 10, 1 << 20} {
		when := strings.Repeat("(", n) + "true" + strings.Repeat(")", n)
		if _, err := New([]Rule{{ID: "deep", When: when}}); (err != nil) != (n > maxLength) {
			t.Errorf("%d brackets: %.100v", n, err)
		}
	}
}
