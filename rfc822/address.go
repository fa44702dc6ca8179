package rfc822

import (
	"strings"

	"clawback/internal/mailaddr"
)

// Address is one mailbox of an address field.
type Address struct {
	Name    string // display name, decoded
	Address string // as written; "" when there is none
}

// Local is the part before the last @.
func (a Address) Local() string {
	at := strings.LastIndexByte(a.Address, '@')
	if at < 0 {
		return a.Address
	}
	return a.Address[:at]
}

// Domain is the part behind the last @.
func (a Address) Domain() string {
	return a.Address[strings.LastIndexByte(a.Address, '@')+1:]
}

// maxAddresses is how many addresses of one value are read.
const maxAddresses = 200

// ParseAddresses reads an address list as mail programs do: nothing is refused. Of a longer one the first 200 are read.
func ParseAddresses(value string) []Address {
	all, _ := parseAddresses(value)
	return all
}

func parseAddresses(value string) ([]Address, Bounds) {
	var all []Address
	var bounds Bounds
	for n, item := range addressItems(value) {
		if n == 2*maxAddresses { // all the rest
			bounds = AddressCount
		}
		if len(all) >= maxAddresses {
			return all, AddressCount
		}
		if a, ok := parseAddress(item); ok {
			all = append(all, a)
		}
	}
	return all, bounds
}

// addressItems splits at commas and semicolons outside quotes, comments and angle brackets.
func addressItems(value string) []string {
	var items []string
	quoted, angle, comment, start := false, false, 0, 0
	for i := 0; i < len(value) && len(items) < 2*maxAddresses; i++ {
		switch c := value[i]; {
		case c == '\\':
			i++
		case c == '"' && comment == 0:
			quoted = !quoted
		case quoted:
		case c == '(':
			comment++
		case c == ')' && comment > 0:
			comment--
		case comment > 0:
		case c == '<':
			angle = true
		case c == '>':
			angle = false
		case (c == ',' || c == ';') && !angle:
			items = append(items, value[start:i])
			start = i + 1
		}
	}
	return append(items, value[start:])
}

func parseAddress(item string) (Address, bool) {
	item = withoutGroup(strings.TrimSpace(item))
	if item == "" {
		return Address{}, false
	}
	open := strings.LastIndexByte(item, '<')
	if open < 0 {
		return bareAddress(item), true
	}
	address, _, _ := strings.Cut(item[open+1:], ">")
	name := strings.TrimSpace(item[:open])
	return Address{Name: displayName(name), Address: cleanAddress(address)}, true
}

// withoutGroup takes the name of a group off, as in "undisclosed-recipients:;". RFC 5322, section 3.4.
func withoutGroup(item string) string {
	group, rest, found := strings.Cut(item, ":")
	name := !strings.ContainsAny(group, `@"<(`) && !strings.Contains(group, "=?") && !mailaddr.Equal(group, "mailto")
	if !found || !name {
		return item
	}
	if rest = strings.TrimSpace(rest); rest == "" || strings.Contains(rest, "@") {
		return rest
	}
	return item
}

// bareAddress reads an item without angle brackets: an address, with its name in a comment, or a name alone.
func bareAddress(item string) Address {
	if address, comment, found := strings.Cut(item, "("); found && strings.Contains(address, "@") {
		return Address{Name: displayName(strings.TrimSuffix(strings.TrimSpace(comment), ")")),
			Address: cleanAddress(address)}
	}
	quoted := item[0] == '"' && strings.Contains(item, `"@`)
	if strings.Contains(item, "@") && (quoted || !strings.ContainsAny(item, " \t")) {
		return Address{Address: cleanAddress(item)}
	}
	return Address{Name: displayName(item)}
}

func displayName(s string) string {
	s = strings.ReplaceAll(s, `\"`, `'`)
	s = strings.ReplaceAll(s, `"`, "")
	s = strings.ReplaceAll(s, `\`, "")
	return strings.Join(strings.Fields(DecodeWords(strings.TrimSpace(s))), " ")
}

// cleanAddress takes off what stands around an address, a route (RFC 5322, section 4.4), and blanks within it.
func cleanAddress(s string) string {
	s = strings.TrimSpace(s)
	if !strings.Contains(s, `"@`) { // else the quotes are the local part's
		s = strings.Trim(s, `<>"'`)
	}
	if colon := strings.LastIndexByte(s, ':'); strings.HasPrefix(s, "@") && colon > 0 {
		s = s[colon+1:]
	}
	s = strings.Join(strings.Fields(s), "")
	if len(s) > len("mailto:") && mailaddr.Equal(s[:len("mailto:")], "mailto:") {
		s = s[len("mailto:"):]
	}
	return strings.TrimSuffix(s, ".")
}

// Addresses are the addresses of all fields of that name, 200 of each, and beyond 500 in all no more.
func (h *Header) Addresses(name string) ([]Address, Bounds) {
	var all []Address
	var bounds Bounds
	for _, value := range h.All(name) {
		if len(all) > 500 {
			return all, AddressCount
		}
		more, bound := parseAddresses(value)
		all = append(all, more...)
		bounds |= bound
	}
	return all, bounds
}
