package query

import (
	"net/netip"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"clawback/internal/mailaddr"
	"clawback/score/web"
	"clawback/verdict"
)

// The marks that is: asks for.
const (
	Pinned   = "pinned"   // a person has decided: no automatism touches it
	Rejudged = "rejudged" // its verdict was replaced after it came
)

// Message is what a query is held against.
type Message struct {
	IDs          []string // record id, Message-IDs, network message id
	Tenant       string   // GUID
	Sender       string   // envelope
	From         string   // header, address
	FromName     string
	Subject      string
	Recipients   []string // addresses, and those that they were expanded from
	Received     time.Time
	Dispositions []verdict.Disposition // of the verdict; also Unscored where a form of it waits for its verdict
	Outcomes     []string              // of its intents
	Proofs       []string
	Reasons      []string
	Indicators   []verdict.Indicator
	Marks        []string
}

// keys appends to a list the values by which a message is found in a field. Some come twice.
func (m Message) keys(list []string, f Field) []string {
	switch f {
	case From:
		list = addressKeys(addressKeys(list, m.Sender), m.From)
		list = append(list, words(m.FromName)...)
	case To:
		for _, r := range m.Recipients {
			list = addressKeys(list, r)
		}
	case Subject:
		list = append(list, words(m.Subject)...)
	case ID:
		for _, id := range m.IDs {
			list = append(list, idKey(id))
		}
	case Disposition:
		for _, d := range m.Dispositions {
			list = append(list, d.String())
		}
	case Outcome:
		list = append(list, m.Outcomes...)
	case Reason:
		for _, r := range m.Reasons {
			list = append(list, strings.ToLower(r))
		}
	case Proof:
		list = append(list, m.Proofs...)
	case Is:
		list = append(list, m.Marks...)
	default:
		for _, i := range m.Indicators {
			list = indicatorKeys(list, f, i)
		}
	}
	return list
}

// whole are the values that wildcards are held against: as they stand, in lower case.
func (m Message) whole(f Field) (list []string) {
	switch f {
	case From:
		return []string{mailaddr.Lower(m.Sender), mailaddr.Lower(m.From), fold(m.FromName)}
	case To:
		for _, r := range m.Recipients {
			list = append(list, mailaddr.Lower(r))
		}
	case Subject:
		return []string{fold(m.Subject)}
	case Link, File:
		for _, i := range m.Indicators {
			if f == File && i.Kind == "file" || f == Link && (i.Kind == "url" || i.Kind == "domain") {
				list = append(list, fold(i.Value))
			}
		}
	default:
		return m.keys(nil, f)
	}
	return list
}

// fold is text in the form in which words are compared: composed, wide and other forms as their plain ones, lower case.
func fold(s string) string {
	if isASCII(s) { // nearly all that is indexed, and as it stands in any form
		return strings.ToLower(s)
	}
	return strings.ToLower(norm.NFKC.String(strings.ToValidUTF8(s, "\uFFFD")))
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// words are the words of a text: runs of letters and digits, in the form in which they are compared. In scripts that
// put no blanks between words each character is one.
func words(text string) []string {
	var words []string
	begin := -1
	text = fold(text)
	for i, r := range text {
		foreign := r > unicode.MaxLatin1 // these tables have nothing below
		inWord := unicode.IsLetter(r) || unicode.IsDigit(r) || foreign && unicode.Is(unicode.Mn, r)
		alone := foreign && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana)
		if begin >= 0 && (!inWord || alone) {
			words, begin = append(words, text[begin:i]), -1
		}
		switch {
		case alone:
			words = append(words, string(r))
		case inWord && begin < 0:
			begin = i
		}
	}
	if begin >= 0 {
		words = append(words, text[begin:])
	}
	return words
}

// addressKeys are the values by which an address is found: itself, @domain, the domain and those above it, name@, the
// name, and the words of both.
func addressKeys(list []string, address string) []string {
	if address == "" {
		return list
	}
	local, domain := address, ""
	if at := strings.LastIndexByte(address, '@'); at >= 0 {
		local, domain = address[:at], mailaddr.Name(address[at+1:])
	}
	local = fold(local)
	list = append(list, local)
	if domain != "" {
		list = append(list, local+"@"+domain, local+"@", "@"+domain)
		list = suffixes(list, domain)
		if labels := strings.Split(domain, "."); len(labels) > 1 {
			list = append(list, labels[:len(labels)-1]...)
		}
	}
	if words := words(local); len(words) > 1 || len(words) == 1 && words[0] != local {
		list = append(list, words...)
	}
	return list
}

// maxLabels bounds how many of the domains above one are keys: what is longer was made to be long.
const maxLabels = 8

// suffixes are a domain and the domains above it, of two labels at least.
func suffixes(list []string, domain string) []string {
	list = append(list, domain)
	if isAddress(domain) {
		return list
	}
	labels := strings.Count(domain, ".") + 1
	for i, rest := 1, domain; i+2 <= labels; i++ {
		if _, rest, _ = strings.Cut(rest, "."); i >= labels-maxLabels {
			list = append(list, rest)
		}
	}
	return list
}

// isAddress reports whether a host is an IP address. One without a colon ends in a digit, as few names do.
func isAddress(host string) bool {
	if host == "" || strings.IndexByte(host, ':') < 0 && (host[len(host)-1] < '0' || host[len(host)-1] > '9') {
		return false
	}
	_, err := netip.ParseAddr(host)
	return err == nil
}

// indicatorKeys are the values by which an indicator is found in one of the fields that indicators are of.
func indicatorKeys(list []string, f Field, i verdict.Indicator) []string {
	switch {
	case f == Link && i.Kind == "url":
		if u, ok := web.Parse(i.Value); ok {
			return suffixes(append(list, urlKey(u)), u.Host)
		}
	case f == Link && i.Kind == "domain":
		return suffixes(list, mailaddr.Name(i.Value))
	case f == Hash && i.Kind == "sha256":
		return append(list, strings.ToLower(i.Value))
	case f == File && i.Kind == "file":
		name := fold(i.Value)
		list = append(list, name)
		list = append(list, words(name)...)
		for at, r := range name {
			if r == '.' && at > 0 {
				list = append(list, "*"+name[at:])
			}
		}
	case f == IP && (i.Kind == "ip" || i.Kind == "domain"):
		if addr, err := netip.ParseAddr(strings.Trim(i.Value, "[]")); err == nil {
			return append(list, addr.Unmap().String())
		}
	}
	return list
}

// urlKey is an address in the form in which it is compared: as feeds are, but http and https are one.
func urlKey(u web.URL) string {
	_, key, _ := strings.Cut(u.Canonical(), "://")
	return key
}

// linkValue reads what is searched for in links: an address of the web, or a host.
func linkValue(value string) string {
	value = strings.TrimSpace(refang(value))
	if strings.Contains(value, "*") {
		return fold(value)
	}
	host, rest, path := strings.Cut(value, "/")
	if strings.Contains(host, ":") || path {
		address := value
		if !strings.Contains(value, "://") {
			address = "http://" + value
		}
		if u, ok := web.Parse(address); ok && (path || rest != "" || u.Port != "") {
			return urlKey(u)
		}
	}
	if u, ok := web.Parse("http://" + host); ok {
		return u.Host
	}
	return mailaddr.Name(value)
}

// fangs are how the parts of an address are written that nobody is to follow.
var fangs = strings.NewReplacer("[.]", ".", "(.)", ".", "[:]", ":", "[@]", "@", "[at]", "@", "[dot]", ".")

// refang undoes how indicators are written so that nobody follows them: hxxp, [.], [@].
func refang(value string) string {
	if strings.ContainsAny(value, "[(") {
		value = fangs.Replace(value)
	}
	if len(value) > 4 && strings.EqualFold(value[:4], "hxxp") {
		value = "http" + value[4:]
	}
	return value
}

// idKey is an id without the brackets of a Message-ID. A network message id is compared in lower case.
func idKey(id string) string {
	id = strings.TrimSpace(id)
	if len(id) == 36 && strings.Count(id, "-") == 4 {
		return mailaddr.Lower(id)
	}
	return strings.TrimSuffix(strings.TrimPrefix(id, "<"), ">")
}
