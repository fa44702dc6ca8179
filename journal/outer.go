package journal

import (
	"cmp"
	"net/mail"
	"strings"

	"github.com/google/uuid"

	"clawback/internal/mailaddr"
)

// readOuter keeps what the report's own header says about where it comes from.
func readOuter(h header) Outer {
	return Outer{
		MessageID:       h.get("message-id"),
		ParentMessageID: h.get("x-ms-exchange-parent-message-id"),
		From:            headerAddress(h.get("from")),
		Sender:          headerAddress(h.get("sender")),
		OriginatorOrg:   h.sole("x-originatororg"),
		TenantID:        tenantOf(h),
		Marker:          hasMarker(h),
		Submitted:       submittedBy(h),
	}
}

// submitted are the fields that stand on what a mailbox has submitted.
var submitted = [...]string{"x-ms-exchange-crosstenant-userprincipalname", "x-ms-exchange-crosstenant-mailboxtype"}

// submittedBy names a field that Exchange Online writes into what leaves it when a mailbox has submitted it, or when it
// came in from a server that is not the organisation's; "" where none stands there. The Journal Agent makes its reports
// in transport: on those of Exchange Online none of these has been seen, while both of the first stand on all mail of
// mailboxes. So a report that an insider wrote, which is from the right organisation otherwise, bears its mark.
func submittedBy(h header) string {
	for _, field := range submitted {
		if h.has(field) {
			return field
		}
	}
	const authAs = "x-ms-exchange-crosstenant-authas"
	if h.has(authAs) && !mailaddr.Equal(h.sole(authAs), "Internal") {
		return authAs
	}
	return ""
}

// hasMarker looks for the field; its value is empty. Within Exchange's transport it has the longer name, and Exchange
// 2003 writes a misspelled one.
func hasMarker(h header) bool {
	return h.has("x-ms-journal-report") || h.has("x-ms-exchange-organization-journal-report") || isExchange2003(h)
}

func isExchange2003(h header) bool {
	return mailaddr.Equal(h.get("content-identifer"), "ExJournalReport") ||
		mailaddr.Equal(h.get("content-identifier"), "ExJournalReport")
}

// isMessageOnly recognises Exchange 2003's journaling without envelope.
func isMessageOnly(h header) bool {
	return mailaddr.Equal(h.get("content-identifer"), "ExJournalData") ||
		mailaddr.Equal(h.get("content-identifier"), "ExJournalData")
}

// hasJournalAgent looks for what Exchange's Journal Agent writes besides the marker, and Send Again does not keep.
func hasJournalAgent(h header) bool {
	sender := mailaddr.Lower(headerAddress(h.get("sender")))
	return strings.HasSuffix(strings.TrimSuffix(h.get("message-id"), ">"), "@journal.report.generator") ||
		mailaddr.Equal(h.get("x-ms-exchange-generated-message-source"), "Journal Agent") ||
		strings.HasPrefix(sender, "microsoftexchange") || isExchange2003(h) ||
		strings.HasSuffix(h.get("x-ms-traffictypediagnostic"), ":JournalingReport")
}

// isValidation recognises the test mail of Validate-OutboundConnector by its author, which cannot be changed.
func isValidation(h header) bool {
	for _, field := range []string{"from", "sender"} {
		local, _, _ := strings.Cut(headerAddress(h.get(field)), "@")
		if mailaddr.Equal(local, "O365ConnectorValidation") {
			return true
		}
	}
	return false
}

// tenantOf is the GUID of the tenant that the report went out of, by the fields in which Exchange Online names it.
// X-MS-Exchange-CrossTenant-Id stands on ordinary mail from one tenant to another, and on none of the reports seen.
func tenantOf(h header) string {
	processed, crossed := processedBy(h.sole("x-ld-processed")), processedBy(h.sole("x-ms-exchange-crosstenant-id"))
	if processed != "" && crossed != "" && processed != crossed {
		return contradiction
	}
	return cmp.Or(processed, crossed)
}

// processedBy takes the tenant's GUID off X-LD-Processed: "GUID,ExtAddr".
func processedBy(value string) string {
	if value == contradiction {
		return value
	}
	id, _, _ := strings.Cut(value, ",")
	return guid(id)
}

// guid answers a GUID in lower case, and "" for anything else.
func guid(s string) string {
	s = mailaddr.Lower(strings.Trim(strings.TrimSpace(s), "{}"))
	if len(s) != 36 || uuid.Validate(s) != nil { // Validate takes other forms too
		return ""
	}
	return s
}

// headerAddress answers the first address of a header field, as far as it can be made out.
func headerAddress(value string) string {
	if list, err := mail.ParseAddressList(value); err == nil && len(list) > 0 {
		return list[0].Address
	}
	return bareAddress(value)
}
