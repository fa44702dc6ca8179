package identity

import (
	"net/mail"
	"slices"
	"strings"
	"time"

	"clawback/internal/mailaddr"
	"clawback/rfc822"
)

const (
	maxFields     = 32 // of one name
	maxReferences = 8
	maxID         = 998
)

// networkFields bear the network message id. The second equals the first.
var networkFields = []string{"X-MS-Exchange-Organization-Network-Message-Id", "X-MS-Office365-Filtering-Correlation-Id"}

// used reports which fields are read, by lower-case name.
func used(name []byte) bool {
	switch string(name) {
	case "from", "subject", "date", "message-id", "in-reply-to", "references", "received",
		"content-type", "content-transfer-encoding", "content-disposition",
		"x-ms-exchange-organization-network-message-id", "x-ms-office365-filtering-correlation-id":
		return true
	}
	return false
}

// parseDate tries the form that nearly all dates have before the dozen others of RFC 5322, section 3.3.
func parseDate(date string) (time.Time, error) {
	if at, err := time.Parse("Mon, 2 Jan 2006 15:04:05 -0700", date); err == nil {
		return at, nil
	}
	return mail.ParseDate(date)
}

func (f *findings) messageOf(h *rfc822.Header) Message {
	m := Message{Subject: h.Text("Subject"), MessageID: h.First("Message-Id")}
	m.untagged = untag(m.Subject, f.tags)
	m.From, m.FromName = author(h.First("From"))
	if at, err := parseDate(h.First("Date")); err == nil {
		m.Date = at.UTC()
	}
	for _, name := range networkFields {
		for _, id := range h.All(name) {
			if id = mailaddr.Lower(id); id != "" && !slices.Contains(m.NetworkMessageIDs, id) {
				m.NetworkMessageIDs = append(m.NetworkMessageIDs, id)
			}
		}
	}
	m.References = references(h)
	for _, trace := range h.All("Received") {
		m.Trace = append(m.Trace, strings.Join(strings.Fields(trace), " "))
	}
	return m
}

// fieldDoubts are the doubts that the header of a message raises by itself.
func fieldDoubts(h *rfc822.Header, m Message) (d []Doubt) {
	if len(m.NetworkMessageIDs) > 1 {
		d = append(d, NetworkIDs)
	}
	for _, name := range []string{"From", "Subject", "Date", "Message-Id"} {
		if h.Count(name) > 1 { // programs differ in which of them they show
			return append(d, Readings)
		}
	}
	return d
}

// author is the first address of From and its name. Where there is none the field stands for the address.
func author(value string) (address, name string) {
	for _, a := range rfc822.ParseAddresses(value) {
		if a.Address != "" {
			return a.Address, a.Name
		}
	}
	return strings.TrimSpace(value), ""
}

// references gives the messages that this one answers or forwards, the nearest first. RFC 5322, section 3.6.4: the last
// of References is the parent, as In-Reply-To is.
func references(h *rfc822.Header) []string {
	var list []string
	add := func(id string) {
		if !slices.Contains(list, id) && len(list) < maxReferences {
			list = append(list, id)
		}
	}
	for _, id := range messageIDs(h.First("In-Reply-To")) {
		add(id)
	}
	for _, id := range slices.Backward(messageIDs(h.First("References"))) {
		add(id)
	}
	return list
}

// messageIDs finds what stands in angle brackets.
func messageIDs(value string) (ids []string) {
	for {
		_, rest, open := strings.Cut(value, "<")
		id, after, closed := strings.Cut(rest, ">")
		if !open || !closed {
			return ids
		}
		if id = strings.TrimSpace(id); id != "" && len(id) <= maxID && !strings.ContainsAny(id, "< \t") {
			ids = append(ids, "<"+id+">")
		}
		value = after
	}
}

// firstID is the first Message-ID of a value, "" when there is none.
func firstID(value string) string {
	if ids := messageIDs(value); len(ids) > 0 {
		return ids[0]
	}
	return ""
}
