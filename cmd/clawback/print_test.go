package main

import "testing"

func TestPlural_asEnglishHasIt(t *testing.T) {
	for want, of := range map[string]struct {
		n   int
		one string
	}{
		"1 address": {1, "address"}, "2 addresses": {2, "address"}, "0 messages": {0, "message"},
		"3 mailboxes": {3, "mailbox"}, "2 prefixes": {2, "prefix"}, "1,205 mailboxes": {1205, "mailbox"},
		"2 copies": {2, "copy"}, "2 days": {2, "day"},
	} {
		if got := plural(of.n, of.one); got != want {
			t.Errorf("%d of %q: %q, want %q", of.n, of.one, got, want)
		}
	}
}
