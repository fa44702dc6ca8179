package graph

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"clawback/config"
	"clawback/internal/test/graphsim"
	"clawback/internal/test/graphsim/simtest"
	"clawback/retract/exchange"
	"clawback/retract/fault"
)

// world is a simulator and a client of its first tenant.
type world struct {
	*graphsim.Sim
	*Client
	tenant config.Tenant
}

// start makes a world. The client is the one that the daemon would make from a configuration.
func start(t testing.TB, so graphsim.Options, edit ...func(*config.Tenant, *Options)) *world {
	t.Helper()
	if so.Rates == nil {
		so.Rates = graphsim.Calm()
	}
	so.Bare = true
	so.CAFile = filepath.Join(t.TempDir(), "ca.pem")
	sim := simtest.Start(t, so)
	d := graphsim.DefaultTenant()
	tenant := config.Tenant{Name: "contoso", ID: d.ID, Graph: config.Graph{
		Cloud: "custom", ClientID: d.ClientID, ClientSecret: config.NewSecret(d.ClientSecret),
		LoginURL: sim.URL(), GraphURL: sim.URL(), CAFile: so.CAFile, MailboxConcurrent: 3,
	}}
	var o Options
	for _, f := range edit {
		f(&tenant, &o)
	}
	client, err := New(tenant, o)
	if err != nil {
		t.Fatal(err)
	}
	return &world{sim, client, tenant}
}

const (
	messageID = "<a+b'c%25&d#e@mail.example.com>"
	networkID = "0f0f0f0f-1111-4222-8333-444444444444"
	mail      = "From: Mallory <mallory@example.com>\r\nMessage-ID: " + messageID +
		"\r\nSubject: Invoice\r\n\r\nHello\r\n"
)

// deliver puts the message into a mailbox.
func (w *world) deliver(t testing.TB, d graphsim.Delivery) graphsim.Message {
	t.Helper()
	if d.MIME == nil {
		d.MIME = []byte(mail)
	}
	if d.NetworkMessageID == "" {
		d.NetworkMessageID = networkID
	}
	m, err := w.Deliver(d)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// faultOf asserts that an error is a fault.
func faultOf(t testing.TB, err error) *fault.Fault {
	t.Helper()
	var f *fault.Fault
	if !errors.As(err, &f) {
		t.Fatalf("not a fault: %v", err)
	}
	return f
}

func TestClient_findsMovesAndRestores(t *testing.T) {
	ctx := t.Context()
	w := start(t, graphsim.Options{})
	u := w.AddMailbox("anna@contoso.example", "sales@contoso.example")
	want := w.deliver(t, graphsim.Delivery{Mailbox: u.UPN})

	box, err := w.Resolve(ctx, "Sales@Contoso.example")
	all := []string{"anna@contoso.example", "sales@contoso.example"}
	if err != nil || box.ID != u.ID || box.Name != u.UPN || !slices.Equal(box.Addresses, all) {
		t.Fatalf("Resolve: %+v %v", box, err)
	}
	found, err := w.Find(ctx, box.ID, messageID, "")
	if err != nil || len(found) != 1 {
		t.Fatalf("Find: %+v %v", found, err)
	}
	c := found[0]
	if c.ID != want.ImmutableID || c.Folder != want.FolderID || !c.HasHeaders || len(c.NetworkMessageIDs) != 1 ||
		c.NetworkMessageIDs[0] != networkID {
		t.Errorf("candidate: %+v", c)
	}
	id, err := w.Move(ctx, box.ID, c.ID, exchange.Deletions)
	if err != nil || id != c.ID {
		t.Fatalf("Move: %s %v", id, err)
	}
	now, err := w.Locate(ctx, box.ID, id)
	target, _, err2 := w.FolderID(ctx, box.ID, exchange.Deletions)
	if err != nil || err2 != nil || now.Folder != target {
		t.Errorf("Locate: %+v %v %v", now, err, err2)
	}
	if found, err := w.Find(ctx, box.ID, messageID, exchange.Deletions); err != nil || len(found) != 1 {
		t.Errorf("Find in Deletions: %+v %v", found, err)
	}
	if _, err := w.Move(ctx, box.ID, id, exchange.Folder(want.FolderID)); err != nil {
		t.Errorf("Move back: %v", err)
	}
	if err := w.MarkRead(ctx, box.ID, id, true); err != nil {
		t.Errorf("MarkRead: %v", err)
	}
	if got := w.Messages(u.UPN)[0]; got.Folder != "inbox" || !got.Read {
		t.Errorf("message: %+v", got)
	}
	if err := w.Purge(ctx, box.ID, id); err != nil {
		t.Errorf("Purge: %v", err)
	}
	if f := faultOf(t, func() error { _, err := w.Locate(ctx, box.ID, id); return err }()); f.Class != fault.Gone {
		t.Errorf("Locate after Purge: %+v", f)
	}
}
