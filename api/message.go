package api

import (
	"context"
	"time"

	"clawback/journal"
	"clawback/query"
	"clawback/store"
	"clawback/verdict"
)

// Recipient is one recipient of a message, as the journal reports name him.
type Recipient struct {
	Address       string `json:"address"`
	Type          string `json:"type"` // to, cc, bcc, recipient
	ExpandedFrom  string `json:"expanded_from,omitempty"`
	ForwardedFrom string `json:"forwarded_from,omitempty"`
}

// Variant is one form of the record's original: forks may be altered by disclaimers and the like.
type Variant struct {
	SHA256    string          `json:"sha256"`         // hex, of the original's bytes
	Size      int64           `json:"size,omitempty"` // bytes, as journaled
	Verdict   verdict.Verdict `json:"verdict"`
	FirstHand bool            `json:"first_hand"`
	At        time.Time       `json:"time"`
	Report    string          `json:"report,omitempty"` // key of the report that brought it
}

// Record is one message of one tenant, whatever number of reports told of it.
type Record struct {
	ID               string      `json:"id"`
	Tenant           string      `json:"tenant"`
	NetworkMessageID string      `json:"network_message_id,omitempty"`
	MessageID        string      `json:"message_id"`
	AlternateIDs     []string    `json:"alternate_message_ids,omitempty"`
	Sender           string      `json:"sender"` // envelope
	From             string      `json:"from"`   // header, address
	FromName         string      `json:"from_name,omitempty"`
	Subject          string      `json:"subject"`
	Date             time.Time   `json:"date,omitzero"` // header Date
	Received         time.Time   `json:"received"`      // first report of it
	Direction        string      `json:"direction,omitempty"`
	Recipients       []Recipient `json:"recipients"`
	Variants         []Variant   `json:"variants"`
	MoreVariants     int         `json:"more_variants,omitempty"` // that were seen and not kept
	// Records not first-hand with the same Message-ID and content.
	Related  []string `json:"related,omitempty"`
	Forwards []string `json:"forwards,omitempty"` // flagged records that it carries
	// Why no content proves a message of a mailbox to be this one.
	Doubts      []store.Doubt   `json:"doubts,omitempty"`
	Verdict     verdict.Verdict `json:"verdict"` // the worst of the variants
	FirstHand   bool            `json:"first_hand"`
	Region      string          `json:"region,omitempty"`
	Pinned      string          `json:"pinned,omitempty"` // why no automatism touches it again: restored, clean
	PinnedBy    string          `json:"pinned_by,omitempty"`
	RetractedBy string          `json:"retracted_by,omitempty"`
	Rejudged    *Rejudged       `json:"rejudged,omitempty"` // when its verdict was last replaced
	Changed     time.Time       `json:"changed"`
	Rev         uint64          `json:"revision"` // counts the writes
}

// Rejudged is a verdict that took another one's place.
type Rejudged struct {
	At    time.Time           `json:"time"`
	Cause string              `json:"cause"`
	Was   verdict.Disposition `json:"was"`
}

// Message is one record with all that is known and done about it.
type Message struct {
	Record       Record       `json:"record"`
	Standing     Standing     `json:"standing"`
	Changes      []Change     `json:"verdict_changes"` // the newest first
	ChangesCut   Cut          `json:"verdict_changes_cut,omitempty"`
	Attachments  []Attachment `json:"attachments"`
	NotListed    string       `json:"attachments_missing,omitempty"` // why attachments, or some, are not told
	Intents      []Intent     `json:"intents"`
	Correction   *Correction  `json:"correction,omitempty"`    // an operator's word on it
	Reported     []Submission `json:"submissions,omitempty"`   // what users say of it
	OtherRegions []string     `json:"other_regions,omitempty"` // where else the same message may be recorded
}

// Intent is one mailbox from which a message is to be taken, or to which it is to be restored.
type Intent struct {
	ID      string        `json:"id"`
	Record  string        `json:"record"`
	Tenant  string        `json:"tenant"`
	Address string        `json:"address"`
	From    string        `json:"from,omitempty"`    // of the record, in lists of what is held or would be done
	Subject string        `json:"subject,omitempty"` // the same
	Kind    store.Kind    `json:"kind"`
	Action  string        `json:"action"`
	Outcome store.Outcome `json:"outcome"`
	Code    store.Code    `json:"code,omitempty"` // of the reason, for programs
	Reason  string        `json:"reason"`
	Cause   string        `json:"cause"` // what it was made for: a disposition, or a person's word
	Hold    string        `json:"hold,omitempty"`
	DryRun  bool          `json:"dry_run"`
	// The record that the message carries, where that is the cause.
	Forwarded string    `json:"forwards_record,omitempty"`
	Campaigns []string  `json:"campaigns,omitempty"` // that the brake counts it for
	By        string    `json:"asked_by,omitempty"`  // operator; "" for an automatism
	Approved  string    `json:"approved_by,omitempty"`
	Job       string    `json:"job,omitempty"`
	Tries     int       `json:"tries"`
	Faults    int       `json:"failures"` // in a row
	NotBefore time.Time `json:"next_try,omitzero"`
	// The last attempt may have worked: it is verified before it is repeated.
	Unknown        bool      `json:"unknown"`
	OriginalFolder string    `json:"original_folder,omitempty"`
	WasRead        *bool     `json:"was_read,omitempty"`
	Taken          []Copy    `json:"copies,omitempty"` // messages of the mailbox that are proven to be the record's
	UnreadOnly     bool      `json:"unread_only,omitempty"`
	MaxAge         int64     `json:"max_age_seconds,omitempty"`
	Created        time.Time `json:"created"`
	Changed        time.Time `json:"changed"`
	Received       time.Time `json:"received"`           // of the record
	Exposure       *Exposure `json:"exposure,omitempty"` // of a retraction
	Attempts       []Attempt `json:"attempts,omitempty"`
}

// Copy is one message of a mailbox. Rules that copy make more than one.
type Copy struct {
	Folder   string      `json:"folder,omitempty"` // where it lay, for a person
	Target   string      `json:"target"`
	Read     bool        `json:"read"` // as it was found
	Received time.Time   `json:"received,omitzero"`
	State    string      `json:"state"`
	Proof    store.Proof `json:"proof,omitempty"`
	At       time.Time   `json:"time"` // of that state
}

// Attempt is one try at an intent.
type Attempt struct {
	Seq       int        `json:"number"`
	Operation string     `json:"operation"`
	Started   time.Time  `json:"started"`
	Finished  time.Time  `json:"finished,omitzero"`
	Outcome   string     `json:"outcome,omitempty"`
	Code      store.Code `json:"code,omitempty"`
	Detail    string     `json:"detail,omitempty"` // Graph's status, code, request-id
}

func recipientOf(r journal.Recipient) Recipient {
	return Recipient{r.Address, string(r.Type), r.ExpandedFrom, r.ForwardedFrom}
}

// verdictOf is a verdict with no list that is null.
func verdictOf(v verdict.Verdict) verdict.Verdict {
	v.Reasons = append([]verdict.Reason{}, v.Reasons...)
	return v
}

func recordOf(r store.Record) Record {
	shown := Record{
		ID: r.ID, Tenant: r.Tenant, NetworkMessageID: r.NetworkMessageID, MessageID: r.MessageID,
		AlternateIDs: r.AlternateIDs, Sender: r.Sender,
		From: r.From, FromName: r.FromName, Subject: r.Subject, Date: r.Date, Received: r.Received,
		Direction:  r.Direction,
		Recipients: []Recipient{}, Variants: []Variant{}, MoreVariants: r.MoreVariants, Related: r.Related,
		Doubts:  r.Doubts,
		Verdict: verdictOf(r.Verdict), FirstHand: r.FirstHand, Region: r.Region, Pinned: r.Pinned, PinnedBy: r.PinnedBy,
		RetractedBy: r.RetractedBy, Changed: r.Changed, Rev: r.Rev,
	}
	for _, one := range r.Recipients {
		shown.Recipients = append(shown.Recipients, recipientOf(one))
	}
	for _, v := range r.Variants {
		shown.Variants = append(shown.Variants, Variant{v.SHA256, v.Section.Size, verdictOf(v.Verdict), v.FirstHand,
			v.At, v.Report})
	}
	for _, f := range r.Forwards {
		shown.Forwards = append(shown.Forwards, f.Record)
	}
	if r.Rejudged != nil {
		shown.Rejudged = &Rejudged{r.Rejudged.At, r.Rejudged.Cause, r.Rejudged.Was}
	}
	return shown
}

func intentOf(in store.Intent) Intent {
	shown := Intent{
		ID: in.ID, Record: in.Record, Tenant: in.Tenant, Address: in.Address, Kind: in.Kind, Action: in.Action,
		Outcome: in.Outcome,
		Code:    in.Code, Reason: in.Reason, Cause: in.Cause, Hold: in.Hold, DryRun: in.DryRun, Forwarded: in.Forwarded,
		Campaigns: in.Campaigns,
		By:        in.By, Approved: in.Approved, Job: in.Job, Tries: in.Tries, Faults: in.Faults,
		NotBefore:      in.NotBefore,
		Unknown:        in.Unknown,
		OriginalFolder: in.FolderName, WasRead: in.WasRead, UnreadOnly: in.Limit.UnreadOnly,
		MaxAge:  int64(in.Limit.MaxAge / time.Second),
		Created: in.Created, Changed: in.Changed, Received: in.Received,
	}
	for _, t := range in.Taken {
		shown.Taken = append(shown.Taken, Copy{t.FolderName, t.Target, t.Read, t.Received, t.State, t.Proof, t.At})
	}
	shown.Exposure = exposureOf(in)
	return shown
}

func intentsOf(rows []store.Intent) []Intent {
	list := []Intent{}
	for _, in := range rows {
		list = append(list, intentOf(in))
	}
	return list
}

func attemptOf(t store.Attempt) Attempt {
	return Attempt{t.Seq, t.Operation, t.Started, t.Finished, t.Outcome, t.Code, t.Detail}
}

// The operations on messages.
var (
	ListRecords = define(Operation{Name: "message.list", Route: "GET /v1/records", Role: Viewer,
		Does: "search messages, the newest first"}, (*Service).listRecords)
	ShowMessage = define(Operation{Name: "message.show", Route: "GET /v1/records/{key}", Role: Viewer,
		Does: "show all that is known about a message"}, (*Service).showMessage)
	ExportMessage = define(Operation{Name: "message.export", Route: "GET /v1/records/{key}/report",
		Role: Viewer, Bodies: true,
		Does: "the journal report as it arrived"}, (*Service).exportMessage)
	ShowText = define(Operation{Name: "message.text", Route: "GET /v1/records/{key}/text", Role: Viewer,
		Bodies: true,
		Does:   "the text of a message as a reader sees it"}, (*Service).showText)
	ExportOriginal = define(Operation{Name: "message.original", Route: "GET /v1/records/{key}/original",
		Role: Viewer, Bodies: true,
		Does: "the original message out of its report"}, (*Service).exportOriginal)
	RetractMessage = define(Operation{Name: "message.retract", Route: "POST /v1/records/{key}/retract",
		Role: Analyst,
		Does: "take a message out of its recipients' mailboxes"}, (*Service).retractMessage)
	RestoreMessage = define(Operation{Name: "message.restore", Route: "POST /v1/records/{key}/restore",
		Role: Analyst,
		Does: "put a message back where it was"}, (*Service).restoreMessage)
)

// Search selects records: those that fit everything it names.
type Search struct {
	Query        string                `json:"query,omitempty"`       // in the language of package query
	Tenant       string                `json:"tenant,omitempty"`      // name or GUID
	Sender       string                `json:"sender,omitempty"`      // envelope sender or header From contains this
	Recipient    string                `json:"recipient,omitempty"`   // a recipient's address contains this
	Subject      string                `json:"subject,omitempty"`     // the subject contains this
	Dispositions []verdict.Disposition `json:"disposition,omitempty"` // one of these
	// Of which a mailbox's message was moved by this proof.
	Proof store.Proof `json:"proof,omitempty"`
	Since time.Time   `json:"since,omitzero"` // received then or later
	Until time.Time   `json:"until,omitzero"` // received before
}

// Empty reports whether a search names nothing in particular.
func (q Search) Empty() bool {
	if parsed, err := query.Parse(q.Query, time.Now()); err != nil || !parsed.Empty() {
		return false // what is wrong with it is said when it is read
	}
	return q.Sender+q.Recipient+q.Subject == "" && len(q.Dispositions) == 0 && q.Proof == "" && q.Since.IsZero() &&
		q.Until.IsZero()
}

// RecordQuery is a search in parts.
type RecordQuery struct {
	Paging
	Search
}

// MessageRef names a record by its id or the beginning of it, its Message-ID, or its network message id.
type MessageRef struct {
	Key     string `path:"key" json:"-"`
	Tenant  string `json:"tenant,omitempty"`  // where the key means a record of several tenants
	Variant int    `json:"variant,omitempty"` // of the bytes or the text: which form of the original, from 0
}

// MessageOrder is an act on a message.
type MessageOrder struct {
	Key     string `path:"key" json:"-"`
	Tenant  string `json:"tenant,omitempty"`
	Action  string `json:"action,omitempty"` // of a retraction
	Comment string `json:"comment,omitempty"`
}

// filter reads a search.
func (s *Service) filter(a access, q Search) (f store.RecordFilter, err error) {
	if !q.Proof.Known() {
		return f, problem(InvalidRequest, "proof %q: use network_id, content or person", q.Proof)
	}
	f = store.RecordFilter{Sender: q.Sender, Recipient: q.Recipient, Subject: q.Subject, Dispositions: q.Dispositions,
		Proof: q.Proof,
		Since: q.Since, Until: q.Until}
	if q.Tenant, err = readQuery(&f, q); err != nil {
		return f, err
	}
	f.Tenant, err = s.scope(a, q.Tenant)
	return f, err
}

func (s *Service) listRecords(ctx context.Context, a access, q RecordQuery) (page Page[Record], err error) {
	found, err := s.recordsOf(ctx, a, q)
	page = Page[Record]{Items: []Record{}, Next: found.Next, Cut: found.Cut}
	for _, rec := range found.Items {
		page.Items = append(page.Items, recordOf(rec))
	}
	return page, err
}

// recordsOf finds a part of what a search selects.
func (s *Service) recordsOf(ctx context.Context, a access, q RecordQuery) (page Page[store.Record], err error) {
	limit, err := q.limit()
	if err != nil {
		return page, err
	}
	f, err := s.filter(a, q.Search)
	if err != nil {
		return page, err
	}
	f.Limit = limit + 1
	if f.After, err = q.after(); err != nil {
		return page, err
	}
	if err := s.checkAfter(ctx, a, f.After); err != nil {
		return page, err
	}
	rows, err := s.o.Store.Records(ctx, f)
	same := func(r store.Record) store.Record { return r }
	return searched(read(rows, limit, func(r store.Record) string { return r.ID }, same), err)
}

// checkAfter refuses the cursor of somebody else's list: its record must be one that the principal may see.
func (s *Service) checkAfter(ctx context.Context, a access, id string) error {
	if id == "" || a.everywhere() {
		return nil
	}
	rows, err := s.lookup(ctx, a, "", id)
	if err == nil && len(rows) == 0 {
		err = problem(InvalidRequest, "the cursor's record is not there any more: begin anew without it")
	}
	return err
}

// lookup finds the records that a key means, of those that the principal may see.
func (s *Service) lookup(ctx context.Context, a access, tenant, key string) (found []store.Record, err error) {
	if tenant != "" || a.everywhere() {
		if tenant, err = s.scope(a, tenant); err != nil {
			return nil, err
		}
		return s.o.Store.Lookup(ctx, tenant, key)
	}
	for tenant := range a.Tenants {
		if a.in(tenant) < Viewer {
			continue
		}
		rows, err := s.o.Store.Lookup(ctx, tenant, key)
		if err != nil {
			return nil, err
		}
		found = append(found, rows...)
	}
	return found, nil
}

// recordOf finds the single record that a key means, where the operation is open.
func (s *Service) recordOf(ctx context.Context, a access, tenant, key string) (store.Record, error) {
	found, err := s.lookup(ctx, a, tenant, key)
	if err != nil {
		return store.Record{}, err
	}
	switch len(found) {
	case 0:
		return store.Record{}, missing("message", key)
	case 1:
		return found[0], a.check(found[0].Tenant, "message", key)
	}
	e := problem(Ambiguous, "%q means %d records: name one of", key, len(found))
	for _, rec := range found {
		e.IDs = append(e.IDs, rec.ID)
		e.Detail += " " + rec.ID
	}
	return store.Record{}, e
}

// exportMessage streams the first report that told of a record, or that of another variant.
func (s *Service) exportMessage(ctx context.Context, a access, r MessageRef) (Stream, error) {
	rec, err := s.recordOf(ctx, a, r.Tenant, r.Key)
	if err != nil {
		return Stream{}, err
	}
	if r.Variant < 0 || r.Variant >= len(rec.Variants) {
		return Stream{}, problem(InvalidRequest, "variant %d: the record has %d, counted from 0", r.Variant,
			len(rec.Variants))
	}
	ref := rec.Variants[r.Variant].Body
	if kept := rec.Variants[r.Variant].Kept; kept != nil {
		ref = *kept
	}
	return s.stream(ctx, a, store.Act{Tenant: rec.Tenant, Object: rec.ID}, ref)
}

func (s *Service) retractMessage(ctx context.Context, a access, o MessageOrder) ([]Intent, error) {
	rec, err := s.recordOf(ctx, a, o.Tenant, o.Key)
	if err != nil {
		return nil, err
	}
	action, err := actionOf(o.Action)
	if err != nil {
		return nil, err
	}
	rows, err := s.o.Engine.Retract(ctx, a.Name, rec.ID, action, o.Comment)
	return intentsOf(rows), err
}

func (s *Service) restoreMessage(ctx context.Context, a access, o MessageOrder) ([]Intent, error) {
	rec, err := s.recordOf(ctx, a, o.Tenant, o.Key)
	if err != nil {
		return nil, err
	}
	if o.Action != "" {
		return nil, problem(InvalidRequest, "a restore has no action: a message goes back to where it was")
	}
	rows, err := s.o.Engine.Restore(ctx, a.Name, rec.ID, o.Comment)
	return intentsOf(rows), err
}
