package api

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"time"

	"clawback/queue"
	"clawback/spool"
	"clawback/store"
)

// Envelope is all that the listener knew of a message besides its bytes.
type Envelope struct {
	Session  string `json:"session"` // id of the SMTP session in the log
	Tenant   string `json:"tenant,omitempty"`
	Purpose  string `json:"purpose"` // of the address: journal, recovery, submission, postmaster
	Region   string `json:"region,omitempty"`
	MailFrom string `json:"mail_from"` // reverse-path without brackets, "" for the null sender
	// forward-paths without brackets; for administrators, as journal addresses are secret.
	Rcpts    []string  `json:"recipients,omitempty"`
	Received time.Time `json:"received"`
	Remote   string    `json:"peer"`    // address and port
	Hello    string    `json:"helo"`    // name in EHLO
	Network  string    `json:"network"` // network set that the peer belongs to, "" for none
	Exchange bool      `json:"exchange_online"`
	TLS      TLS       `json:"tls"`
	SMTPUTF8 bool      `json:"smtputf8"`
	Binary   bool      `json:"binarymime"`
}

// TLS is what the handshake showed.
type TLS struct {
	Version     string   `json:"version"`
	Cipher      string   `json:"cipher"`
	ServerName  string   `json:"server_name,omitempty"`
	ClientNames []string `json:"client_names,omitempty"` // DNS names of the client certificate, verified or not
	Verified    bool     `json:"client_verified"`
	Problem     string   `json:"client_problem,omitempty"` // why it was not verified
}

// Item is one accepted message that is not finished.
type Item struct {
	ID           string      `json:"id"`
	Envelope     Envelope    `json:"envelope"`
	Size         int64       `json:"size"` // bytes
	State        queue.State `json:"state"`
	Cause        queue.Cause `json:"cause,omitempty"`  // why it is in quarantine, in a word
	Reason       string      `json:"reason,omitempty"` // why it is deferred, a suspect, or in quarantine
	Tries        int         `json:"tries"`
	Crashes      int         `json:"crashes"`       // times that the process ended while it was scored
	CrashesAlone int         `json:"crashes_alone"` // of these but the first, times that nothing else was being scored
	NotBefore    time.Time   `json:"next_try,omitzero"`
	Trusted      string      `json:"trusted_by,omitempty"` // who vouched that it comes from its tenant
	Changed      time.Time   `json:"changed"`
}

// Bounce is a report on its way to the tenant's alternate mailbox.
type Bounce struct {
	ID        string            `json:"id"`
	Item      string            `json:"item"` // the queue item that was given up
	Envelope  Envelope          `json:"envelope"`
	Size      int64             `json:"size"`
	Reason    string            `json:"reason"` // why it could not be carried through
	State     queue.BounceState `json:"state"`
	Tries     int               `json:"tries"`
	Created   time.Time         `json:"created"`
	NotBefore time.Time         `json:"next_try"`
	LastError string            `json:"last_error,omitempty"`
	SentTo    string            `json:"sent_to,omitempty"` // "host: reply" of the server that took it
	SentAt    time.Time         `json:"sent_at,omitzero"`
}

func (a access) envelope(e queue.Envelope) Envelope {
	shown := Envelope{
		Session: e.Session, Tenant: e.Tenant, Purpose: string(e.Purpose), Region: e.Region, MailFrom: e.MailFrom,
		Received: e.Received,
		Remote:   e.Remote, Hello: e.Hello, Network: e.Network, Exchange: e.Exchange, SMTPUTF8: e.SMTPUTF8,
		Binary: e.Binary, TLS: TLS(e.TLS),
	}
	if a.in(e.Tenant) >= Administrator {
		shown.Rcpts = e.Rcpts
	}
	return shown
}

func (a access) item(it queue.Item) Item {
	return Item{
		ID: it.ID, Envelope: a.envelope(it.Envelope), Size: it.Body.Size, State: it.State, Cause: it.Cause,
		Reason: it.Reason, Tries: it.Tries,
		Crashes: it.Crashes, CrashesAlone: it.CrashesAlone, NotBefore: it.NotBefore, Trusted: it.Trusted,
		Changed: it.Changed,
	}
}

func (a access) bounce(b queue.Bounce) Bounce {
	return Bounce{
		ID: b.ID, Item: b.Item, Envelope: a.envelope(b.Envelope), Size: b.Body.Size, Reason: b.Reason, State: b.State,
		Tries:   b.Tries,
		Created: b.Created, NotBefore: b.NotBefore, LastError: b.LastError, SentTo: b.SentTo, SentAt: b.SentAt,
	}
}

// The operations on accepted reports that are not finished.
var (
	ListItems = define(Operation{Name: "queue.list", Route: "GET /v1/queue", Role: Viewer,
		Does: "list accepted reports that are not finished"}, (*Service).listItems)
	ShowItem = define(Operation{Name: "queue.show", Route: "GET /v1/queue/{id}", Role: Viewer,
		Does: "show one of them"}, (*Service).showItem)
	ExportItem = define(Operation{Name: "queue.export", Route: "GET /v1/queue/{id}/report", Role: Viewer,
		Bodies: true,
		Does:   "its bytes as they arrived"}, (*Service).exportItem)
	RetryItem = define(Operation{Name: retryItemName, Route: "POST /v1/queue/{id}/retry", Role: Approver,
		Does: "work on a quarantined report again"}, (*Service).retryItem)
	TrustItem = define(Operation{Name: trustItemName, Route: "POST /v1/queue/{id}/trust", Role: Administrator,
		Does: "work on a quarantined report as if it had been attributed to its tenant"}, (*Service).trustItem)
)

// ItemQuery selects items.
type ItemQuery struct {
	Paging
	State  queue.State `json:"state,omitempty"`
	Tenant string      `json:"tenant,omitempty"` // name or GUID
	Since  time.Time   `json:"since,omitzero"`   // received then or later
}

// ItemRef names an item.
type ItemRef struct {
	ID string `path:"id" json:"-"`
}

// ItemOrder is an act on an item.
type ItemOrder struct {
	ID      string `path:"id" json:"-"`
	Comment string `json:"comment,omitempty"`
}

// Stream is an answer of bytes.
type Stream struct {
	io.ReadCloser
	Type string // MIME type
}

func (s *Service) listItems(ctx context.Context, a access, q ItemQuery) (page Page[Item], err error) {
	if !known(q.State, "", queue.Ready, queue.Working, queue.Deferred, queue.Suspect, queue.Quarantined) {
		return page, problem(InvalidRequest, "state %q: use ready, working, deferred, suspect or quarantined", q.State)
	}
	limit, err := q.limit()
	if err != nil {
		return page, err
	}
	f := queue.Filter{State: q.State, Since: q.Since, Limit: limit + 1}
	if f.After, err = q.after(); err != nil {
		return page, err
	}
	if f.Tenant, err = s.scope(a, q.Tenant); err != nil {
		return page, err
	}
	rows, err := s.o.Queue.List(ctx, f)
	return read(rows, limit, func(it queue.Item) string { return it.ID }, a.item), err
}

// known reports whether a word is one of some.
func known[T comparable](word T, words ...T) bool {
	for _, w := range words {
		if w == word {
			return true
		}
	}
	return false
}

// itemOf reads an item that the principal may use the operation on.
func (s *Service) itemOf(ctx context.Context, a access, id string) (queue.Item, error) {
	it, err := s.o.Queue.Get(ctx, id)
	if CodeOf(err) == NotFound {
		return it, missing("item", id)
	}
	if err != nil {
		return it, err
	}
	return it, a.check(it.Envelope.Tenant, "item", id)
}

func (s *Service) showItem(ctx context.Context, a access, r ItemRef) (Item, error) {
	it, err := s.itemOf(ctx, a, r.ID)
	return a.item(it), err
}

func (s *Service) exportItem(ctx context.Context, a access, r ItemRef) (Stream, error) {
	it, err := s.itemOf(ctx, a, r.ID)
	if err != nil {
		return Stream{}, err
	}
	return s.stream(ctx, a, store.Act{Tenant: it.Envelope.Tenant, Object: it.ID}, it.Body)
}

// stream opens the bytes of a report. Each look is in the audit, before it is taken.
func (s *Service) stream(ctx context.Context, a access, act store.Act, ref spool.Ref) (Stream, error) {
	body, err := s.o.Report(ref)
	if err != nil {
		return Stream{}, err
	}
	act.Who, act.What = a.Name, a.op.Name
	if err := s.note(ctx, act); err != nil {
		body.Close()
		return Stream{}, err
	}
	return Stream{body, "message/rfc822"}, nil
}

func (s *Service) retryItem(ctx context.Context, a access, o ItemOrder) (Item, error) {
	it, err := s.itemOf(ctx, a, o.ID)
	if err == nil && it.State == queue.Working {
		err = fmt.Errorf("retry item %s: %w: it is being worked on", it.ID, queue.ErrState)
	}
	if err != nil {
		return Item{}, err
	}
	return s.orderItem(ctx, a, it, o.Comment)
}

func (s *Service) trustItem(ctx context.Context, a access, o ItemOrder) (Item, error) {
	it, err := s.itemOf(ctx, a, o.ID)
	if err == nil && it.State != queue.Quarantined {
		err = fmt.Errorf("trust item %s: %w: it is not in quarantine but %s", it.ID, queue.ErrState, it.State)
	}
	if err != nil {
		return Item{}, err
	}
	return s.orderItem(ctx, a, it, o.Comment)
}

// orderItem has the operation carried out on an item whose state allows it.
func (s *Service) orderItem(ctx context.Context, a access, it queue.Item, comment string) (Item, error) {
	act := store.Act{Who: a.Name, What: a.op.Name, Tenant: it.Envelope.Tenant, Object: it.ID, Comment: comment}
	if err := s.order(ctx, act); err != nil {
		return Item{}, err
	}
	after, err := s.o.Queue.Get(ctx, it.ID)
	if CodeOf(err) == NotFound { // it went through meanwhile
		it.State = queue.Ready
		return a.item(it), nil
	}
	return a.item(after), err
}

// The operations on bounces.
var (
	ListBounces = define(Operation{Name: "bounce.list", Route: "GET /v1/bounces", Role: Viewer,
		Does: "list the bounces that are not delivered"}, (*Service).listBounces)
	ShowBounce = define(Operation{Name: "bounce.show", Route: "GET /v1/bounces/{id}", Role: Viewer,
		Does: "show a bounce"}, (*Service).showBounce)
	ExportBounce = define(Operation{Name: "bounce.export", Route: "GET /v1/bounces/{id}/report", Role: Viewer,
		Bodies: true,
		Does:   "the report that a bounce is about"}, (*Service).exportBounce)
	RetryBounce = define(Operation{Name: retryBounceName, Route: "POST /v1/bounces/{id}/retry", Role: Approver,
		Does: "send a bounce now"}, (*Service).retryBounce)
)

// BounceQuery selects bounces.
type BounceQuery struct {
	Paging
	State  queue.BounceState `json:"state,omitempty"`
	Tenant string            `json:"tenant,omitempty"`
	Since  time.Time         `json:"since,omitzero"` // created then or later
}

func (s *Service) listBounces(ctx context.Context, a access, q BounceQuery) (page Page[Bounce], err error) {
	if !known(q.State, "", queue.BounceWaiting, queue.BounceStuck, queue.BounceSent) {
		return page, problem(InvalidRequest, "state %q: use waiting, stuck or sent", q.State)
	}
	tenant, err := s.scope(a, q.Tenant)
	if err != nil {
		return page, err
	}
	rows, err := s.o.Queue.Bounces(ctx, queue.BounceFilter{State: q.State, Tenant: tenant, Since: q.Since})
	if err != nil {
		return page, err
	}
	return part(rows, q.Paging, func(b queue.Bounce) string { return b.ID }, a.bounce)
}

func (s *Service) bounceOf(ctx context.Context, a access, id string) (queue.Bounce, error) {
	b, err := s.o.Queue.Bounce(ctx, id)
	if CodeOf(err) == NotFound {
		return b, missing("bounce", id)
	}
	if err != nil {
		return b, err
	}
	return b, a.check(b.Envelope.Tenant, "bounce", id)
}

func (s *Service) showBounce(ctx context.Context, a access, r ItemRef) (Bounce, error) {
	b, err := s.bounceOf(ctx, a, r.ID)
	return a.bounce(b), err
}

func (s *Service) exportBounce(ctx context.Context, a access, r ItemRef) (Stream, error) {
	b, err := s.bounceOf(ctx, a, r.ID)
	if err != nil {
		return Stream{}, err
	}
	return s.stream(ctx, a, store.Act{Tenant: b.Envelope.Tenant, Object: b.ID}, b.Body)
}

func (s *Service) retryBounce(ctx context.Context, a access, o ItemOrder) (Bounce, error) {
	b, err := s.bounceOf(ctx, a, o.ID)
	if err != nil {
		return Bounce{}, err
	}
	act := store.Act{Who: a.Name, What: a.op.Name, Tenant: b.Envelope.Tenant, Object: b.ID, Comment: o.Comment}
	if err := s.order(ctx, act); err != nil {
		return Bounce{}, err
	}
	s.o.Wake()
	b, err = s.o.Queue.Bounce(ctx, b.ID)
	return a.bounce(b), err
}

// The operations on the addresses that mail is accepted for.
var (
	ListAddresses = define(Operation{Name: "address.list", Route: "GET /v1/addresses", Role: Administrator,
		Does: "list the journal addresses, and when each was used last"}, (*Service).listAddresses)
	ShowAddress = define(Operation{Name: "address.show", Route: "GET /v1/addresses/{address}", Role: Administrator,
		Does: "show a journal address"}, (*Service).showAddress)
	RetireAddress = define(Operation{Name: "address.retire", Route: "POST /v1/addresses/retire",
		Role: Administrator,
		Does: "have an address that was taken out of the configuration refused"}, (*Service).retireAddress)
)

// Address is one that mail is accepted for, or was.
type Address struct {
	Address    string    `json:"address"`
	TenantID   string    `json:"tenant,omitempty"`
	Tenant     string    `json:"tenant_name,omitempty"`
	Purpose    string    `json:"purpose,omitempty"`
	Configured bool      `json:"configured"`
	Used       bool      `json:"used"`                        // it ever accepted mail
	Last       time.Time `json:"last_used,omitzero" etag:"-"` // after a restart true to the hour
	Refused    string    `json:"refused,omitempty"`           // why it is refused here: its regions
}

// State says in a few words how mail for the address is answered.
func (a Address) State() string {
	switch {
	case a.Refused != "":
		return "550: " + a.Refused
	case !a.Configured:
		return "451 until it is retired: not in the configuration"
	case !a.Used:
		return "accepted; none yet"
	}
	return "accepted"
}

// AddressQuery selects addresses.
type AddressQuery struct {
	Paging
	Tenant string `json:"tenant,omitempty"`
}

// AddressRef names an address.
type AddressRef struct {
	Address string `path:"address" json:"-"`
}

// AddressOrder retires an address.
type AddressOrder struct {
	Address string `json:"address"`
	Comment string `json:"comment,omitempty"`
}

func (s *Service) listAddresses(ctx context.Context, a access, q AddressQuery) (page Page[Address], err error) {
	tenant, err := s.scope(a, q.Tenant)
	if err != nil {
		return page, err
	}
	var own []Address
	for _, x := range s.o.Addresses.Addresses() {
		if tenant == "" || x.TenantID == tenant {
			own = append(own, x)
		}
	}
	return part(own, q.Paging, func(x Address) string { return x.Address }, func(x Address) Address { return x })
}

func (s *Service) showAddress(_ context.Context, a access, r AddressRef) (Address, error) {
	return s.addressOf(a, r.Address)
}

func (s *Service) retireAddress(ctx context.Context, a access, o AddressOrder) (Address, error) {
	x, err := s.addressOf(a, o.Address)
	if err != nil {
		return x, err
	}
	act := store.Act{At: time.Now().UTC(), Who: a.Name, What: a.op.Name, Tenant: x.TenantID, Object: x.Address,
		Comment: o.Comment}
	if err := s.o.Addresses.Retire(ctx, x.Address, act); err != nil {
		return x, err
	}
	x.Used = false
	return x, nil
}

func (s *Service) addressOf(a access, address string) (Address, error) {
	for _, x := range s.o.Addresses.Addresses() {
		if sameAddress(x.Address, address) {
			return x, a.check(x.TenantID, "address", address)
		}
	}
	return Address{}, missing("address", cmp.Or(address, `""`))
}
