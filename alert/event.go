package alert

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"clawback/config"
	"clawback/internal/mailaddr"
	"clawback/store"
	"clawback/verdict"
)

// Type says what an event is of.
type Type string

// The types of event.
const (
	OfVerdict Type = "verdict" // a message was judged, or judged anew
	OfAction  Type = "action"  // what was done in one mailbox, or could not be
	OfNotice  Type = "notice"  // a trouble begins to stand, or is worded anew
	OfClear   Type = "cleared" // a trouble is over
	OfCut     Type = "cut"     // events before this one were dropped
	OfTest    Type = "test"    // a person tries a route
)

// Severity is how soon somebody must look; the numbers are OCSF's.
type Severity int

// The severities.
const (
	Informational Severity = 1
	Low           Severity = 2
	Medium        Severity = 3
	High          Severity = 4
	Critical      Severity = 5
)

var severityNames = [...]string{"unknown", "informational", "low", "medium", "high", "critical"}

// String names the severity.
func (s Severity) String() string { return severityNames[max(0, min(int(s), len(severityNames)-1))] }

// MarshalText is the name.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the name.
func (s *Severity) UnmarshalText(text []byte) error {
	*s = Severity(max(0, slices.Index(severityNames[:], string(text))))
	return nil
}

// Event is one thing that is told, as it was when it happened. Its texts are as they came; whoever writes it for a
// receiver makes them harmless.
type Event struct {
	ID         string    `json:"id"` // the same however often it is delivered
	At         time.Time `json:"at"`
	Type       Type      `json:"type"`
	Severity   Severity  `json:"severity"`
	Tenant     string    `json:"tenant,omitempty"` // GUID; "": of the gateway itself
	TenantName string    `json:"tenant_name,omitempty"`
	Text       string    `json:"text,omitempty"`       // of a notice, a cut, a test
	Do         string    `json:"what_to_do,omitempty"` // of a notice
	Notice     *Notice   `json:"notice,omitempty"`
	Message    *Message  `json:"message,omitempty"`
	Action     *Action   `json:"action,omitempty"`
	Lost       *Lost     `json:"lost,omitempty"` // of a cut
}

// Notice is what a notice is about.
type Notice struct {
	ID      string    `json:"id"`
	Kind    string    `json:"kind"`
	Subject string    `json:"subject,omitempty"`
	Since   time.Time `json:"since"`
	Again   bool      `json:"again,omitempty"` // it stood before, and is worded anew
}

// Message is the message of a verdict or an action.
type Message struct {
	Record      string              `json:"record"`
	MessageID   string              `json:"message_id"`
	NetworkID   string              `json:"network_message_id,omitempty"`
	Sender      string              `json:"sender,omitempty"` // envelope
	From        string              `json:"from,omitempty"`   // header
	Recipients  []string            `json:"recipients"`
	More        int                 `json:"more_recipients,omitempty"`
	Subject     string              `json:"subject,omitempty"`
	Direction   string              `json:"direction,omitempty"`
	Received    time.Time           `json:"received"`
	Disposition verdict.Disposition `json:"disposition"`
	Was         verdict.Disposition `json:"was,omitzero"` // before it was judged anew
	Score       float64             `json:"score"`
	Reasons     []string            `json:"reasons,omitempty"`
	Rules       []string            `json:"reason_ids,omitempty"`
	Indicators  []verdict.Indicator `json:"indicators,omitempty"`
	Cut         bool                `json:"cut,omitempty"` // the lists were too long for this receiver
}

// Action is what was done in one mailbox.
type Action struct {
	Intent   string        `json:"intent"`
	Kind     store.Kind    `json:"kind"`
	Action   string        `json:"action"`
	Mailbox  string        `json:"mailbox"`
	Outcome  store.Outcome `json:"outcome"`
	Reason   string        `json:"reason,omitempty"`
	Code     store.Code    `json:"code,omitempty"`
	Cause    string        `json:"cause,omitempty"`
	By       string        `json:"by,omitempty"`
	DryRun   bool          `json:"dry_run,omitempty"`
	WasRead  *bool         `json:"was_read,omitempty"`
	Acted    time.Time     `json:"acted,omitzero"`
	Received time.Time     `json:"received,omitzero"` // when the mailbox had the message
}

// Lost is what a cut has dropped.
type Lost struct {
	Events int       `json:"events"` // 0: not known
	From   time.Time `json:"from,omitzero"`
	To     time.Time `json:"to,omitzero"`
}

// What an event may hold of a message: what is beyond is left out, and the record has it.
const (
	maxText       = 1000
	maxRecipients = 20
	maxReasons    = 10
	maxIndicators = 20
)

// clip bounds a text, between two characters.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// eventOfVerdict tells of a record's verdict.
func eventOfVerdict(rec store.Record) Event {
	return Event{Type: OfVerdict, Tenant: rec.Tenant, Severity: severityOf(rec.Verdict.Disposition),
		Message: messageOf(rec)}
}

func severityOf(d verdict.Disposition) Severity {
	switch d {
	case verdict.Malicious:
		return High
	case verdict.Spoof, verdict.Suspicious:
		return Medium
	case verdict.Spam:
		return Low
	}
	return Informational
}

func messageOf(rec store.Record) *Message {
	v := rec.Verdict
	m := &Message{Record: rec.ID, MessageID: clip(rec.MessageID, maxText), NetworkID: rec.NetworkMessageID,
		Sender: clip(rec.Sender, 320), From: clip(rec.From, 320), Subject: clip(rec.Subject, maxText),
		Direction: rec.Direction, Received: rec.Received, Disposition: v.Disposition, Score: v.Score,
		Recipients: []string{}}
	if rec.Rejudged != nil {
		m.Was = rec.Rejudged.Was
	}
	for _, r := range rec.Recipients[:min(len(rec.Recipients), maxRecipients)] {
		m.Recipients = append(m.Recipients, clip(r.Address, 320))
	}
	m.More = len(rec.Recipients) - len(m.Recipients)
	for _, r := range v.Reasons[:min(len(v.Reasons), maxReasons)] {
		m.Reasons, m.Rules = append(m.Reasons, clip(r.Text, maxText)), append(m.Rules, r.ID)
	}
	for _, i := range v.Indicators[:min(len(v.Indicators), maxIndicators)] {
		m.Indicators = append(m.Indicators, verdict.Indicator{Kind: i.Kind, Value: clip(i.Value, 2*maxText)})
	}
	return m
}

// eventOfAction tells how an intent stands.
func eventOfAction(in store.Intent, rec store.Record) Event {
	a := &Action{Intent: in.ID, Kind: in.Kind, Action: in.Action, Mailbox: mailaddr.Lower(clip(in.Address, 320)),
		Outcome: in.Outcome, Reason: clip(in.Reason, maxText), Code: in.Code, Cause: clip(in.Cause, maxText),
		By: cmp.Or(in.By, in.Approved), DryRun: in.DryRun, WasRead: in.WasRead, Acted: in.Acted}
	for _, t := range in.Taken {
		a.Received = t.Received
		break
	}
	severity := Informational
	switch in.Outcome {
	case store.Failed:
		severity = High
	case store.Held, store.Mismatch:
		severity = Medium
	case store.Done:
		severity = Low
	}
	return Event{Type: OfAction, Tenant: in.Tenant, Severity: severity, Message: messageOf(rec), Action: a}
}

// eventOfNotice tells of a trouble that stands.
func eventOfNotice(n store.Notice, critical bool) Event {
	severity := Medium
	if critical {
		severity = Critical
	}
	return Event{Type: OfNotice, Tenant: n.Tenant, Severity: severity, Text: clip(n.Text, 2*maxText),
		Do: clip(n.Do, maxText), Notice: &Notice{ID: n.ID, Kind: n.Kind, Subject: clip(n.Subject, 320), Since: n.Since}}
}

// Group is the group of notices that a kind belongs to: one of config.NoticeGroups.
func Group(kind string) string {
	switch kind {
	case "retractions.held", "indicator.waiting", "rejudge.waiting", "rescan.waiting", "submissions.open":
		return "waiting"
	case "retract.gave_up", "retract.stuck", "retract.full", "retract.internal", "retract.group",
		"retract.brought_back":
		return "failed"
	case "retract.brake":
		return "brake"
	case "certificate":
		return "certificate"
	case "journal.silent":
		return "journal"
	case "retract.auth", "retract.outage", "retract.throttled", "retract.late", "graph.credential_expires":
		return "graph"
	case "queue.backlog", "queue.deferred", "score.failed", "engine.away", "inspector.failed", "rdap.list",
		"rejudge.passed":
		return "judging"
	}
	switch family, _, _ := strings.Cut(kind, "."); family {
	case "feed", "config":
		return family
	case "route":
		return "alert"
	}
	return "intake" // mail.deferred, quotas, bounces, addresses, regions, the spool and its disk
}

// concerns reports whether a route tells of an event. What is of a tenant goes to the routes of that tenant; what is of
// the gateway goes to those of all.
func concerns(a config.Alert, tenants map[string]bool, e Event) bool {
	if len(tenants) > 0 && !tenants[e.Tenant] {
		return false
	}
	named := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(a.Events, w) })
	}
	switch e.Type {
	case OfVerdict:
		return named(config.EveryVerdict, strings.ToLower(e.Message.Disposition.String()))
	case OfAction:
		return named(config.EveryAction)
	case OfNotice, OfClear:
		return named(config.EveryNotice, Group(e.Notice.Kind)) && (a.Format == "ocsf" || !e.Notice.Again)
	}
	return true
}

// headline is an event in one line.
func headline(e Event) string {
	switch e.Type {
	case OfVerdict:
		text := fmt.Sprintf("%s message from %s to %s", e.Message.Disposition, e.Message.author(), e.Message.readers())
		if e.Message.Was != verdict.Unscored && e.Message.Was != e.Message.Disposition {
			text += fmt.Sprintf(", judged anew: it was %s", e.Message.Was)
		}
		return text
	case OfAction:
		return fmt.Sprintf("%s (%s) in the mailbox of %s: %s", e.Action.Kind, e.Action.Action, e.Action.Mailbox,
			e.Action.Outcome)
	case OfNotice:
		return e.Notice.Kind + ": " + e.Text
	case OfClear:
		return "over: " + e.Notice.Kind + ": " + e.Text
	}
	return e.Text
}

func (m Message) author() string { return cmp.Or(m.From, m.Sender, "nobody") }

func (m Message) readers() string {
	if len(m.Recipients) == 0 {
		return "nobody"
	}
	if n := len(m.Recipients) + m.More - 1; n > 0 {
		return fmt.Sprintf("%s and %d more", m.Recipients[0], n)
	}
	return m.Recipients[0]
}

// clean takes out of each text what nobody elsewhere may know.
func (e *Event) clean(clean func(string) string) {
	e.Text, e.Do = clean(e.Text), clean(e.Do)
	if e.Notice != nil {
		n := *e.Notice
		n.Subject = clean(n.Subject)
		e.Notice = &n
	}
	if e.Action != nil {
		e.Action.Reason, e.Action.Cause, e.Action.Mailbox = clean(e.Action.Reason), clean(e.Action.Cause),
			clean(e.Action.Mailbox)
	}
	if m := e.Message; m != nil {
		m.Subject, m.Sender, m.From = clean(m.Subject), clean(m.Sender), clean(m.From)
		for i := range m.Recipients {
			m.Recipients[i] = clean(m.Recipients[i])
		}
		for i := range m.Reasons {
			m.Reasons[i] = clean(m.Reasons[i])
		}
	}
}

// short is the event without what a message lists, and with its texts cut, for receivers of short messages: the record
// has the rest.
func (e Event) short() Event {
	m := *e.Message
	m.Indicators, m.Reasons, m.Cut = nil, nil, true
	m.Subject, m.MessageID, m.Sender, m.From = clip(m.Subject, 200), clip(m.MessageID, 200), clip(m.Sender, 100),
		clip(m.From, 100)
	m.Recipients = m.Recipients[:min(len(m.Recipients), 3)]
	e.Message = &m
	return e
}
