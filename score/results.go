package score

import (
	"slices"
	"strings"

	"clawback/internal/mailaddr"
	"clawback/score/extract"
	"clawback/score/web"
)

// authentication is what Exchange found out about who sent the message.
type authentication struct {
	present   bool
	spf       string
	spfDomain string // smtp.mailfrom
	dkim      []dkimResult
	dmarc     string
	action    string
	from      string // header.from
	compauth  string
	reason    string
	aligned   bool // DMARC passed, or SPF or DKIM passed for the author's organisation, and DMARC did not fail
	dkimOwn   bool // DKIM passed for the author's organisation
	spfOwn    bool
	arc       string
}

// forwarded reports whether Exchange believes the forwarder that the message came by: his seal vouches for what
// authenticated before (reason 130).
func (a *authentication) forwarded() bool { return a.reason == "130" && a.compauth != "fail" }

type dkimResult struct {
	result string
	domain string
}

// readAuth reads the Authentication-Results that Exchange stamped.
func readAuth(h extract.Header, from extract.Address) authentication {
	var a authentication
	a.read(exchangeResults(h))
	host := mailaddr.Name(from.Domain())
	own := web.Organisation(host)
	judged := a.from == "" || organisation(a.from) == own // DMARC spoke of this author, not of another From header
	if own == "" || a.dmarc == "fail" && judged {
		return a
	}
	a.spfOwn = a.spf == "pass" && speaksFor(a.spfDomain, own)
	for _, d := range a.dkim {
		if d.result == "pass" && (speaksFor(d.domain, own) || googleSigns(d.domain, own)) {
			a.dkimOwn = true
		}
	}
	a.aligned = a.spfOwn || a.dkimOwn || a.dmarc == "pass" && judged && !web.Shared(web.Registrable(host))
	return a
}

// exchangeResults is the value of the first Authentication-Results of Exchange's own hop, "" where none is its own.
// Exchange stamps one on all mail from outside, above the Received field of the server that took it, and renames those
// that came along. What stands below a Received field of somebody else, or below Exchange's own with the name of
// another server in it, is the sender's. Only the first counts, whatever it says and leaves unsaid: what it does not
// say must not be looked for in the sender's words.
func exchangeResults(h extract.Header) string {
	outside := false
	for _, f := range h.Fields {
		switch {
		case mailaddr.Equal(f.Name, "Received"):
			if outside || !exchangeHop(f.Value) {
				return ""
			}
			// The name that the sender gave himself stands before the server's, and must not hide it.
			outside = strings.Contains(mailaddr.Lower(f.Value), ".mail.protection.")
		case mailaddr.Equal(f.Name, "Authentication-Results"):
			value := uncommented(mailaddr.Lower(f.Value), quotedString)
			if outside && hasServiceID(value) {
				return "" // Exchange names no authserv-id
			}
			return value
		}
	}
	return ""
}

// exchangeHop reports whether a Received field was written by an Exchange server.
func exchangeHop(value string) bool {
	return exchangeHost(receivedBy(value)) || strings.Contains(mailaddr.Lower(value), "microsoft smtp server")
}

// receivedBy is the server that wrote a Received field.
func receivedBy(value string) string {
	by := false
	for word := range strings.FieldsSeq(withoutComments(value)) {
		if by {
			return strings.Trim(mailaddr.Lower(word), ";.")
		}
		by = mailaddr.Equal(word, "by")
	}
	return ""
}

// exchangeHost reports whether a server is one of Exchange Online's.
func exchangeHost(host string) bool {
	for _, domain := range [...]string{"outlook.com", "office365.com", "exchangelabs.com", "office365.us", "outlook.cn",
		"outlook.de", "protection.outlook.com"} {
		if strings.HasSuffix(host, "."+domain) {
			return true
		}
	}
	return false
}

// hasServiceID reports whether a value begins with the name of the server that wrote it (RFC 8601, section 2.2).
func hasServiceID(value string) bool {
	first, _, _ := strings.Cut(value, ";")
	return strings.TrimSpace(first) != "" && !strings.Contains(first, "=")
}

// read takes in a value without comments, in lower case. Of methods other than DKIM the first result counts.
func (a *authentication) read(value string) {
	for _, item := range outsideQuotes(value, func(c byte) bool { return c == ';' }) {
		a.item(strings.TrimSpace(item))
	}
}

// outsideQuotes splits a value where no quoted string is: what a sender calls himself may stand in one (RFC 8601,
// section 2.2: pvalue).
func outsideQuotes(value string, separates func(byte) bool) (list []string) {
	from := 0
	for i := 0; i < len(value); i++ {
		if end := quotedString(value, i); end > i {
			i = end - 1
		} else if separates(value[i]) {
			list = append(list, value[from:i])
			from = i + 1
		}
	}
	return append(list, value[from:])
}

// maxQuoted is how long a quoted string may be, that what does not end costs little: an address has 256 octets
// (RFC 5321, section 4.5.3.1.3).
const maxQuoted = 320

// quotedString is the end of the quoted string that begins at i, or i where none does. One that does not end is none
// (RFC 5322, section 3.2.4).
func quotedString(s string, i int) int {
	if s[i] != '"' {
		return i
	}
	for end := i + 1; end < min(len(s), i+maxQuoted); end++ {
		switch s[end] {
		case '\\':
			end++
		case '"':
			return end + 1
		}
	}
	return i
}

// blank reports whether a byte separates words.
func blank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// item is one "method=result property=value ..." clause.
func (a *authentication) item(item string) {
	method, rest, found := strings.Cut(item, "=")
	fields := slices.DeleteFunc(outsideQuotes(rest, blank), func(f string) bool { return f == "" })
	if !found || len(fields) == 0 {
		return
	}
	result := fields[0]
	switch method = strings.TrimSpace(method); {
	case method == "spf" && a.spf == "":
		a.spf, a.spfDomain = result, domainOf(property(fields, "smtp.mailfrom"))
	case method == "dkim":
		a.dkim = append(a.dkim, dkimResult{result, property(fields, "header.d")})
	case method == "dmarc" && a.dmarc == "":
		a.dmarc, a.action, a.from = result, property(fields, "action"), property(fields, "header.from")
	case method == "compauth" && a.compauth == "":
		a.compauth, a.reason = result, property(fields, "reason")
		return
	case method == "arc" && a.arc == "":
		a.arc = result
		return
	default:
		return
	}
	a.present = true
}

func property(fields []string, name string) string {
	for _, f := range fields[1:] {
		if value, ok := strings.CutPrefix(f, name+"="); ok {
			return strings.Trim(value, `"`)
		}
	}
	return ""
}

func domainOf(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }

// withoutComments takes out what stands in parentheses, which may lie within each other (RFC 5322, section 3.2.2).
func withoutComments(s string) string {
	return uncommented(s, func(_ string, i int) int { return i })
}

// uncommented takes out comments, but for what looks like one in a text that quoted finds the end of.
func uncommented(s string, quoted func(s string, i int) int) string {
	if !strings.Contains(s, "(") {
		return s
	}
	out := make([]byte, 0, len(s))
	depth := 0
	for i := 0; i < len(s); i++ {
		if depth == 0 {
			if end := quoted(s, i); end > i {
				out = append(out, s[i:end]...)
				i = end - 1
				continue
			}
		}
		switch c := s[i]; {
		case c == '\\' && depth > 0:
			i++
		case c == '(':
			depth++
			out = append(out, ' ')
		case c == ')' && depth > 0:
			depth--
		case depth == 0:
			out = append(out, c)
		}
	}
	return string(out)
}

// organisation is the domain by which organisations are told apart, of a name that a stranger wrote.
func organisation(name string) string { return web.Organisation(mailaddr.Name(name)) }

// speaksFor reports whether what authenticated belongs to the author's organisation. Under a domain that a service
// shares with its customers that is the same name, or the service's own.
func speaksFor(authenticated, own string) bool {
	name := mailaddr.Name(authenticated)
	return web.Organisation(name) == own || web.Shared(name) && strings.HasSuffix(own, "."+name)
}

// googleSigns reports whether a signature is the one that Google Workspace makes for a domain without a key of its own:
// example-test.20230601.gappssmtp.com for example.test. Of three labels, or with a hyphen, a domain has the same label
// as one that anybody may register (example-co.uk for example.co.uk), and is not proven by it.
func googleSigns(signer, own string) bool {
	label, rest, _ := strings.Cut(mailaddr.Name(signer), ".")
	date, service, _ := strings.Cut(rest, ".")
	return service == "gappssmtp.com" && len(date) == 8 && strings.Trim(date, "0123456789") == "" &&
		!strings.Contains(own, "-") && strings.Count(own, ".") == 1 && label == strings.ReplaceAll(own, ".", "-")
}
