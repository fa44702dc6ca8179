package extract

import (
	"net/url"
	"strings"

	"clawback/internal/mailaddr"
	"clawback/rfc822"
)

// maxMailtos is how many URIs of a field are read: programs take the first that they know.
const maxMailtos = 2

// Mailtos are the recipients of the first mailto URIs in a field: of each those of its path, and those that it
// names as to, cc and bcc (RFC 2369, RFC 6068).
func Mailtos(field string) (all [][]string) {
	const scheme = "MAILTO:"
	field = strings.Join(strings.Fields(rfc822.DecodeWords(field)), "")
	for len(all) < maxMailtos {
		at := strings.Index(mailaddr.Upper(field), scheme)
		if at < 0 {
			break
		}
		var uri string
		uri, field, _ = strings.Cut(field[at+len(scheme):], ">")
		path, query, _ := strings.Cut(uri, "?")
		recipients := addressesOf(strings.TrimLeft(path, "/"))
		for term := range strings.SplitSeq(strings.ReplaceAll(query, "&amp;", "&"), "&") {
			name, value, _ := strings.Cut(term, "=")
			switch mailaddr.Lower(unescaped(name)) {
			case "to", "cc", "bcc":
				recipients = append(recipients, addressesOf(value)...)
			}
		}
		all = append(all, recipients)
	}
	return all
}

// addressesOf reads the addresses of a URI.
func addressesOf(list string) (all []string) {
	for _, a := range ParseAddresses(unescaped(list)) {
		if strings.Contains(a.Address, "@") {
			all = append(all, a.Address)
		}
	}
	return all
}

func unescaped(s string) string {
	if plain, err := url.PathUnescape(s); err == nil {
		return plain
	}
	return s
}
