package main

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"clawback/api"
	"clawback/verdict"
)

// queryHelp is how a search is written.
const queryHelp = `Search in one line: sender:TEXT recipient:TEXT subject:TEXT disposition:NAME since:48h before:1h tenant:NAME; ` +
	`quotes hold words together, and words without a name are looked for in the subject.`

// parseQuery reads a search of one line. Every word must fit, so that a misspelt name never makes a search wider.
func parseQuery(text string, now time.Time) (*api.Search, error) {
	words, err := split(text)
	if err != nil {
		return nil, err
	}
	f := &api.Search{}
	var subject []string
	for _, w := range words {
		name, value, named := strings.Cut(w, ":")
		if !named {
			subject = append(subject, w)
			continue
		}
		if err := into(f, strings.ToLower(name), value, now); err != nil {
			return nil, err
		}
	}
	if len(subject) > 0 {
		f.Subject = strings.TrimSpace(f.Subject + " " + strings.Join(subject, " "))
	}
	if f.Sender+f.Recipient+f.Subject == "" && len(f.Dispositions) == 0 && f.Since.IsZero() && f.Until.IsZero() {
		return nil, fmt.Errorf("query %q looks for nothing in particular: name a sender, recipient, subject, disposition or time", text)
	}
	return f, nil
}

// into puts one name:value into the filter.
func into(f *api.Search, name, value string, now time.Time) error {
	if value == "" {
		return fmt.Errorf("query: %s: has no value", name)
	}
	switch name {
	case "sender", "from":
		f.Sender = value
	case "recipient", "to":
		f.Recipient = value
	case "subject":
		f.Subject = value
	case "tenant":
		f.Tenant = value
	case "disposition":
		d, err := verdict.Parse(value)
		if err != nil {
			return fmt.Errorf("query: %w", err)
		}
		f.Dispositions = append(f.Dispositions, d)
	case "since", "before":
		ago, err := time.ParseDuration(value)
		if err != nil || ago < 0 {
			return fmt.Errorf("query: %s:%s: write how long ago, as in %s:48h", name, value, name)
		}
		if name == "since" {
			f.Since = now.Add(-ago).UTC()
		} else {
			f.Until = now.Add(-ago).UTC()
		}
	default:
		return fmt.Errorf("query: %s: is not known; use sender, recipient, subject, disposition, since, before or tenant", name)
	}
	return nil
}

// split cuts a query at blanks outside of double quotes.
func split(text string) ([]string, error) {
	var words []string
	var word strings.Builder
	quoted, any := false, false
	for _, r := range text {
		switch {
		case r == '"':
			quoted, any = !quoted, true
		case unicode.IsSpace(r) && !quoted:
			if any {
				words = append(words, word.String())
			}
			word.Reset()
			any = false
		default:
			word.WriteRune(r)
			any = true
		}
	}
	if quoted {
		return nil, fmt.Errorf("query %q: a quote is not closed", text)
	}
	if any {
		words = append(words, word.String())
	}
	return words, nil
}
