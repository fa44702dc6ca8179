package alert

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"clawback/internal/visible"
	"clawback/store"
	"clawback/verdict"
)

// entry is what a person is told in one place: an event, and how often it came in this message.
type entry struct {
	Event
	Times int
	Boxes int // of actions: mailboxes
}

// gather makes one entry of the events that say the same: a notice counts as it was last, and so does a message's
// verdict; what was done with one message in many mailboxes, with one outcome, is one entry.
func gather(events []Event) (list []entry) {
	at, boxes := map[string]int{}, map[string]bool{}
	for _, e := range events {
		key := sameAs(e)
		i, known := at[key]
		if !known || key == "" {
			at[key] = len(list)
			list = append(list, entry{Event: e, Times: 1, Boxes: 1})
			if e.Action != nil {
				boxes[key+" "+e.Action.Mailbox] = true
			}
			continue
		}
		list[i].Times++
		if e.Type == OfAction {
			if box := key + " " + e.Action.Mailbox; !boxes[box] {
				boxes[box] = true
				list[i].Boxes++
			}
			continue
		}
		list[i].Event = e
	}
	return list
}

// sameAs names what an event is about; "" for one that stands by itself.
func sameAs(e Event) string {
	switch {
	case e.Notice != nil:
		return "notice " + e.Notice.ID
	case e.Type == OfAction:
		return fmt.Sprintf("action %s %s %s %s", e.Message.Record, e.Action.Kind, e.Action.Outcome, e.Action.Code)
	case e.Message != nil:
		return "message " + e.Message.Record
	}
	return ""
}

// line is an entry's headline, harmless.
func (e entry) line() string {
	text := headline(e.Event)
	if e.Type == OfAction && e.Boxes > 1 {
		text = fmt.Sprintf("%s (%s) in %d mailboxes, of %s first: %s", e.Action.Kind, e.Action.Action, e.Boxes,
			e.Action.Mailbox, e.Action.Outcome)
	}
	text = harmless(text)
	if e.Notice != nil {
		text = strings.Replace(text, defang(e.Notice.Kind), e.Notice.Kind, 1) // our own word
	}
	return clip(text, maxText)
}

// fact is a name and a value beside a headline.
type fact struct{ name, value string }

// facts are what a person wants to know of an entry, harmless.
func (e entry) facts() (list []fact) {
	add := func(name, value string) {
		if value != "" {
			list = append(list, fact{name, clip(harmless(value), maxText)})
		}
	}
	add("tenant", e.TenantName)
	if m := e.Message; m != nil {
		add("subject", m.Subject)
		add("message", m.Record)
		if e.Type == OfVerdict {
			add("why", strings.Join(m.Reasons[:min(3, len(m.Reasons))], "; "))
			var values []string
			for _, i := range m.Indicators[:min(5, len(m.Indicators))] {
				values = append(values, i.Value)
			}
			add("indicators", strings.Join(values, ", "))
		}
	}
	if a := e.Action; a != nil {
		add("why", a.Reason)
		add("cause", a.Cause)
	}
	if e.Type == OfNotice {
		add("since", e.Notice.Since.UTC().Format(time.RFC3339))
		add("do", e.Do)
	}
	return list
}

// title is a whole message in a few words.
func title(entries []entry, hostname string) string {
	worst := Informational
	for _, e := range entries {
		worst = max(worst, e.Severity)
	}
	if len(entries) == 1 {
		return fmt.Sprintf("clawback on %s: %s", hostname, clip(entries[0].line(), 150))
	}
	return fmt.Sprintf("clawback on %s: %d events, the worst %s", hostname, len(entries), worst)
}

// asText writes entries for a person, most bytes at most, and says how many were left out.
func asText(entries []entry, most int) string {
	var out strings.Builder
	for i, e := range entries {
		one := "* " + e.line() + "\n"
		for _, f := range e.facts() {
			one += "  " + f.name + ": " + f.value + "\n"
		}
		if out.Len()+len(one) > most {
			return out.String() + fmt.Sprintf("and %d more: see clawback status, clawback search\n", len(entries)-i)
		}
		out.WriteString(one)
	}
	return out.String()
}

// webhookMessage is what a webhook gets.
type webhookMessage struct {
	Version int       `json:"version"`
	ID      string    `json:"id"`
	At      time.Time `json:"at"`
	Gateway string    `json:"gateway"`
	Events  []wire    `json:"events"`
}

// wire is an event with its headline, and how often it came.
type wire struct {
	Event
	Headline string `json:"headline"`
	Times    int    `json:"times"`
}

func webhookBody(p parcel, hostname string) ([]byte, error) {
	m := webhookMessage{Version: 1, ID: p.ID, At: p.At, Gateway: hostname, Events: []wire{}}
	for _, e := range gather(p.Events) {
		m.Events = append(m.Events, wire{harmlessEvent(e.Event), e.line(), e.Times})
	}
	return json.Marshal(m)
}

// harmlessEvent is an event whose texts nobody can follow.
func harmlessEvent(e Event) Event {
	e.Text, e.Do = harmless(e.Text), visible.Line(e.Do)
	if e.Notice != nil {
		n := *e.Notice
		n.Subject = harmless(n.Subject)
		e.Notice = &n
	}
	if e.Message != nil {
		e.Message = e.Message.harmless()
	}
	if e.Action != nil {
		a := *e.Action
		a.Reason, a.Cause, a.By = harmless(a.Reason), harmless(a.Cause), visible.Line(a.By)
		a.Mailbox, a.Code = visible.Line(a.Mailbox), store.Code(visible.Line(string(a.Code)))
		e.Action = &a
	}
	return e
}

// harmless is a message in which subjects, reasons and indicators are no links. Addresses stay as they are, visible:
// a program looks them up.
func (m Message) harmless() *Message {
	m.MessageID, m.Sender, m.From = visible.Line(m.MessageID), visible.Line(m.Sender), visible.Line(m.From)
	m.Subject = harmless(m.Subject)
	recipients, reasons := []string{}, []string{}
	for _, r := range m.Recipients {
		recipients = append(recipients, visible.Line(r))
	}
	for _, r := range m.Reasons {
		reasons = append(reasons, harmless(r))
	}
	var indicators []verdict.Indicator
	for _, i := range m.Indicators {
		indicators = append(indicators, verdict.Indicator{Kind: i.Kind, Value: harmless(i.Value)})
	}
	m.Recipients, m.Reasons, m.Indicators = recipients, reasons, indicators
	return &m
}
