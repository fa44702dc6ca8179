package config

import (
	"strings"
	"testing"
)

func TestCheck_takesWhatTheFileTakes(t *testing.T) {
	for _, c := range []struct {
		p       Policy
		pattern string // as it is kept
		wrong   string // what the error says
	}{
		{Policy{Kind: "trust_sender", Pattern: " Ada@Example.com "}, "ada@example.com", ""},
		{Policy{Kind: "accept_sender", Pattern: "@Example.com"}, "@example.com", ""},
		{Policy{Kind: "block_sender", Pattern: "192.0.2.0/24"}, "192.0.2.0/24", ""},
		{Policy{Kind: "block_sender", Pattern: "192.0.2.7/24"}, "", "192.0.2.0/24"},
		{Policy{Kind: "block_sender", Pattern: `/^x[0-9]+@/`}, `/^x[0-9]+@/`, ""},
		{Policy{Kind: "block_sender", Pattern: `/(/`}, "", "regular expression"},
		{Policy{Kind: "block_sender", Pattern: "example.com"}, "", "neither an address nor a domain"},
		{Policy{Kind: "block_content", Pattern: "gift card", Field: "Subject"}, "gift card", ""},
		{Policy{Kind: "block_content", Pattern: ""}, "", "empty"},
		{Policy{Kind: "block_sender", Pattern: "@example.com", Field: "subject"}, "", "only block_content"},
		{Policy{Kind: "block_content", Pattern: "x", Field: "header"}, "", "subject, body or any"},
		{Policy{Kind: "trusted_domain", Pattern: "Example.com"}, "example.com", ""},
		{Policy{Kind: "person", Pattern: " Ada  Example <ADA@contoso.example>, <ada@home.example>"}, "Ada Example <ada@contoso.example> <ada@home.example>", ""},
		{Policy{Kind: "person", Pattern: "Ada Example"}, "Ada Example", ""},
		{Policy{Kind: "person", Pattern: "ada@contoso.example"}, "", "names no person"},
		{Policy{Kind: "person", Pattern: "Ada Example <ada>"}, "", "not a mail address"},
		{Policy{Kind: "block_senders", Pattern: "@example.com"}, "", `did you mean "block_sender"`},
		{Policy{Kind: "block_sender", Pattern: "@example.com", Note: "two\nlines"}, "", "one line"},
		{Policy{Kind: "block_sender", Pattern: "0.0.0.0/0"}, "", "whole internet"},
		{Policy{Kind: "block_sender", Pattern: "*@evil.example"}, "", "write @evil.example,"},
		{Policy{Kind: "trust_sender", Pattern: "@*.evil.example"}, "", "write @evil.example,"},
		{Policy{Kind: "exempt_recipient", Pattern: "*.contoso.example"}, "", "write @contoso.example,"},
		{Policy{Kind: "trusted_domain", Pattern: "*.good.example"}, "", "write good.example,"},
		{Policy{Kind: "block_sender", Pattern: "news-*@evil.example"}, "", "/^news-.*@example"},
		{Policy{Kind: "block_sender", Pattern: "*"}, "", "a regular expression"},
		{Policy{Kind: "block_content", Pattern: "100 % * free?"}, "100 % * free?", ""},
		{Policy{Kind: "block_sender", Pattern: `/^evil\.example$/`}, "", "no place for the @"},
		{Policy{Kind: "exempt_recipient", Pattern: `/^[a-z.]+$/`}, "", "no place for the @"},
		{Policy{Kind: "block_sender", Pattern: `/evil\.example$/`}, `/evil\.example$/`, ""},
		{Policy{Kind: "block_sender", Pattern: `/^\S+evil\.example$/`}, `/^\S+evil\.example$/`, ""},
		{Policy{Kind: "block_sender", Pattern: `/^(a@b\.example|c)$/`}, `/^(a@b\.example|c)$/`, ""},
		{Policy{Kind: "trusted_domain", Pattern: `/^good[0-9]\.example$/`}, `/^good[0-9]\.example$/`, ""},
		{Policy{Kind: "block_content", Pattern: `/^won$/`, Field: "subject"}, `/^won$/`, ""},
	} {
		got, err := c.p.Check()
		if c.wrong == "" && (err != nil || got.Pattern != c.pattern) {
			t.Errorf("%+v is kept as %q, %v; want %q", c.p, got.Pattern, err, c.pattern)
		}
		if c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)) {
			t.Errorf("%+v: error %v does not say %q", c.p, err, c.wrong)
		}
	}
}
