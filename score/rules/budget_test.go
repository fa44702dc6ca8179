package rules

import (
	"errors"
	"strings"
	"testing"
	"time"
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
	} {
		set, err := New([]Rule{{ID: "slow", When: when, Mode: "act"}})
		if err != nil {
			t.Fatal(err)
		}
		started := time.Now()
		got := set.Match(crowded())
		// The time is looked at before each loop, so that one inner loop may run over it. Without the budget these take
		// minutes and hours; the bound here leaves room for the race detector on a busy machine.
		if took := time.Since(started); took > 120*maxTime {
			t.Errorf("%s: took %v", when, took)
		}
		if len(got) != 1 || !errors.Is(got[0].Err, errTurns) && !errors.Is(got[0].Err, errTime) {
			t.Errorf("%s: %+v, want that its budget is spent", when, got)
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
		`findIndex(links, .host == "b.example") == 7`,
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
	for _, when := range []string{`__budget != nil`, `len(__spend(1, [1])) > 0`, `any(links, .hots == "x")`} {
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
