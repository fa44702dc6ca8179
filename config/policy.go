package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// PolicyKinds are the kinds of policy.
func PolicyKinds() []string { return slices.Clone(policyKinds) }

// maxNote bounds what is written beside a policy.
const maxNote = 500

// Check passes a policy that was not read from the TOML by the same rules, in the form in which the TOML would have it.
func (p Policy) Check() (Policy, error) {
	p.Field = strings.ToLower(p.Field)
	if p.Field == "" {
		p.Field = "any"
	}
	switch {
	case !slices.Contains(policyKinds, p.Kind):
		return p, fmt.Errorf("kind %q is not known; %s", p.Kind, didYouMean(p.Kind, policyKinds))
	case p.Field != "any" && p.Field != "subject" && p.Field != "body":
		return p, fmt.Errorf("field %q is not known; use subject, body or any", p.Field)
	case p.Field != "any" && p.Kind != "block_content":
		return p, fmt.Errorf("field %q stands in a policy of kind %s; only block_content has one", p.Field, p.Kind)
	case len(p.Note) > maxNote || strings.ContainsFunc(p.Note, func(r rune) bool { return r < ' ' }):
		return p, fmt.Errorf("the note must be one line of at most %d bytes", maxNote)
	}
	good, err := pattern(p.Kind, strings.TrimSpace(p.Pattern))
	if err != nil {
		if hint := hintOf(err); hint != "" {
			err = errors.New(err.Error() + "; " + hint)
		}
		return p, fmt.Errorf("pattern %w", err)
	}
	p.Pattern = good
	return p, nil
}
