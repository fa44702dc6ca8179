package submission

import (
	"bufio"
	"fmt"
	"io"
	"mime"
	"net/mail"
	"slices"
	"strings"

	"github.com/emersion/go-message/textproto"
	"github.com/google/uuid"

	"clawback/config"
	"clawback/internal/mailaddr"
)

// maxHeader bounds the header of a user's mail that is read.
const maxHeader = 256 << 10

// envelope is what the header of a user's mail says.
type envelope struct {
	reporter string // author, lower case
	unproven string // why he is not believed
	claim    Claim
	network  string // network message id that the subject names
}

// open reads the header of a user's mail.
func open(t *config.Tenant, l Letter) envelope {
	h, err := textproto.ReadHeader(bufio.NewReader(io.LimitReader(io.NewSectionReader(l.Octets, 0, l.Size), maxHeader)))
	if err != nil {
		return envelope{unproven: "its header cannot be read", claim: Phish}
	}
	e := envelope{}
	e.reporter, e.unproven = author(t, l, h)
	e.claim, e.network = claimOf(l.Claim, subject(h))
	return e
}

// author is who wrote the mail, and why that is not believed. Exchange's stamps count only on mail that is attributed
// to the tenant: anybody else can write them.
func author(t *config.Tenant, l Letter, h textproto.Header) (address, unproven string) {
	from := h.Values("From")
	if len(from) == 1 {
		if a, err := mail.ParseAddress(from[0]); err == nil {
			address = mailaddr.Address(a.Address)
		}
	}
	switch {
	case address == "":
		return "", "it has no author, or several"
	case l.Unproven != "":
		return address, l.Unproven
	case !inTenantDomain(t, address):
		return address, "its author is not of the organisation"
	case !inTenantDomain(t, l.Sender):
		return address, fmt.Sprintf("its envelope sender %q is not of the organisation", l.Sender)
	}
	return address, foreign(t, h)
}

// foreign says why Exchange does not vouch that the mail was written by somebody of the organisation who had signed in.
func foreign(t *config.Tenant, h textproto.Header) string {
	as := slices.Concat(h.Values("X-MS-Exchange-Organization-AuthAs"), h.Values("X-MS-Exchange-CrossTenant-AuthAs"))
	for _, value := range as {
		if !mailaddr.Equal(strings.TrimSpace(value), "Internal") {
			return "Exchange took it as " + clip(value) + ", not as internal"
		}
	}
	for _, id := range slices.Concat(h.Values("X-MS-Exchange-Organization-Id"),
		h.Values("X-MS-Exchange-CrossTenant-Id")) {
		if !mailaddr.Equal(strings.TrimSpace(id), t.ID) {
			return "Exchange took it from the organisation " + clip(id)
		}
	}
	if len(as) == 0 {
		return "nothing of Exchange's says that its author had signed in"
	}
	return ""
}

func clip(s string) string { return fmt.Sprintf("%.40q", s) }

func inTenantDomain(t *config.Tenant, address string) bool {
	return slices.Contains(t.Domains, mailaddr.Domain("@"+address))
}

func subject(h textproto.Header) string {
	value := h.Get("Subject")
	if decoded, err := new(mime.WordDecoder).DecodeHeader(value); err == nil {
		return decoded
	}
	return value
}

// claimOf says what is claimed, and the network message id that the subject names. Microsoft's report button writes
// "3|network message id|server|author|(subject)", where 1 is junk, 2 not junk, 3 phishing. What has another form is
// phishing.
func claimOf(configured, subject string) (claim Claim, network string) {
	fields := strings.SplitN(strings.TrimSpace(subject), "|", 3)
	said, form := map[string]Claim{"1": Junk, "2": NotJunk, "3": Phish}[fields[0]]
	if form = form && len(fields) == 3; form {
		network = guid(fields[1])
	}
	switch {
	case configured != "subject":
		return Claim(configured), network
	case form:
		return said, network
	}
	return Phish, ""
}

// guid is a GUID in lower case, and "" for anything else.
func guid(s string) string {
	s = mailaddr.Lower(strings.TrimSpace(s))
	if len(s) != 36 || uuid.Validate(s) != nil { // Validate takes other forms too
		return ""
	}
	return s
}
