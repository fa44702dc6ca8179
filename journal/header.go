package journal

import (
	"clawback/internal/mailaddr"
	"clawback/rfc822"
)

// header is what is kept of a header: the fields of kept.
type header struct{ rfc822.Header }

// kept says which fields, by lower-case name, are worth memory. Headers of Exchange have 140 fields and more.
func kept(name []byte) bool {
	switch string(name) {
	case "content-type", "content-transfer-encoding", "content-disposition", "message-id", "from", "sender", "subject",
		"content-identifer", "content-identifier", "x-originatororg", "x-ld-processed", "x-ms-journal-report",
		"x-ms-exchange-crosstenant-id", "x-ms-exchange-crosstenant-authas",
		"x-ms-exchange-crosstenant-mailboxtype", "x-ms-exchange-crosstenant-userprincipalname",
		"x-eoptenantattributedmessage",
		"x-ms-exchange-parent-message-id", "x-ms-exchange-message-is-ndr",
		"x-ms-exchange-generated-message-source", "x-ms-traffictypediagnostic",
		"x-ms-exchange-organization-journal-report",
		"x-ms-exchange-organization-id", "x-ms-exchange-organization-network-message-id",
		"x-ms-exchange-organization-messagedirectionality", "x-ms-exchange-organization-authas":
		return true
	}
	return false
}

// headerOptions bound a header. room is what may be kept of it and those beside it, nil where it stands alone: no field
// can take another's place, and each name has its own limit.
func headerOptions(room *int) rfc822.HeaderOptions {
	return rfc822.HeaderOptions{
		Keep: kept, Octets: maxHeader, FieldOctets: maxValue, NameOctets: maxValue, PerName: maxValues, Room: room,
	}
}

func readHeader(l *rfc822.Lines) header { return header{rfc822.ReadHeader(l, headerOptions(nil))} }

// get answers a field's first value, "" when it does not stand there.
func (h header) get(name string) string { return h.First(name) }

func (h header) has(name string) bool { return h.Has(name) }

// contradiction is the value of a field that stands several times with different values, or more often than is kept.
const contradiction = "(several, which differ)"

// sole answers the value of a field that must not contradict itself: a sender may have put one of its own beside the
// one that Exchange wrote, and which of them stands first proves nothing.
func (h header) sole(name string) string {
	values := h.All(name)
	for _, v := range values {
		if !mailaddr.Equal(v, values[0]) {
			return contradiction
		}
	}
	if h.Count(name) > len(values) {
		return contradiction
	}
	return h.get(name)
}

// mediaType answers the lower-case type and the charset; text/plain where the field is missing. RFC 2045, section 5.2.
func (h header) mediaType() (kind, charset string) {
	m := h.MediaType()
	if m.Type == "" {
		return "text/plain", m.Get("charset")
	}
	return m.Type, m.Get("charset")
}
