package graphsim

import (
	"testing"
	"time"
)

// A copy has an id of its own and the same header; what its owner moves keeps its immutable id. Neither is a change
// through Graph.
func TestHappen(t *testing.T) {
	s := New(Options{Seed: 1})
	s.AddTenant(Tenant{ID: "t", Domains: []string{"contoso.example"}})
	s.AddUser(User{Tenant: "t", UPN: "ann@contoso.example"})
	first, err := s.Deliver(Delivery{Mailbox: "ann@contoso.example",
		MIME: []byte("Message-ID: <1@x.example>\r\n\r\nhi\r\n")})
	if err != nil {
		t.Fatal(err)
	}
	day := first.Received.Add(24 * time.Hour)
	for _, c := range []struct {
		later Later
		id    bool // the same immutable id
		at    time.Time
	}{
		{Later{Folder: "By rule", Copy: true}, false, first.Received},
		{Later{Folder: "inbox", Copy: true, Received: day}, false, day},
		{Later{Folder: "archive"}, true, first.Received},
	} {
		c.later.Mailbox, c.later.Key = first.Mailbox, first.Key
		m, err := s.Happen(c.later)
		if err != nil || m.Folder != c.later.Folder || m.InternetMessageID != first.InternetMessageID ||
			(m.ImmutableID == first.ImmutableID) != c.id || !m.Received.Equal(c.at) {
			t.Errorf("%+v: %+v, %v", c.later, m, err)
		}
	}
	if len(s.Messages(first.Mailbox)) != 3 || len(s.Changed()) != 0 {
		t.Errorf("%d messages, %d changed through Graph", len(s.Messages(first.Mailbox)), len(s.Changed()))
	}
	for _, l := range []Later{{Mailbox: first.Mailbox, Key: "m99"}, {Mailbox: "nobody@contoso.example", Key: first.Key}} {
		if _, err := s.Happen(l); err == nil {
			t.Errorf("%+v happened", l)
		}
	}
}
