package extract

import "strings"

// Address is one mailbox of an address field.
type Address struct {
	Name    string // display name, decoded
	Address string // lower case; "" when there is none
}

// Local is the part before the @.
func (a Address) Local() string {
	at := strings.LastIndexByte(a.Address, '@')
	if at < 0 {
		return a.Address
	}
	return a.Address[:at]
}

// Domain is the part behind the @.
func (a Address) Domain() string {
	return a.Address[strings.LastIndexByte(a.Address, '@')+1:]
}

// ParseAddresses reads an address list as mail programs do: nothing is refused.
func ParseAddresses(value string) []Address {
	var all []Address
	for _, item := range addressItems(value) {
		if a, ok := parseAddress(item); ok {
			all = append(all, a)
		}
		if len(all) >= 200 {
			break
		}
	}
	return all
}

// addressItems splits at commas and semicolons outside quotes, comments and angle brackets.
func addressItems(value string) []string {
	var items []string
	quoted, angle, comment, start := false, false, 0, 0
	for i := 0; i < len(value) && len(items) < 400; i++ {
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
	item = strings.TrimSpace(item)
	if item == "" || strings.HasSuffix(item, ":") { // an empty group, as "undisclosed-recipients:;"
		return Address{}, false
	}
	open := strings.LastIndexByte(item, '<')
	if open < 0 {
		return bare(item), true
	}
	address, _, _ := strings.Cut(item[open+1:], ">")
	name := strings.TrimSpace(item[:open])
	return Address{Name: displayName(name), Address: cleanAddress(address)}, true
}

func bare(item string) Address {
	if address, comment, found := strings.Cut(item, "("); found && strings.Contains(address, "@") {
		return Address{Name: displayName(strings.TrimSuffix(strings.TrimSpace(comment), ")")), Address: cleanAddress(address)}
	}
	if strings.Contains(item, "@") && !strings.ContainsAny(item, " \t") {
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

func cleanAddress(s string) string {
	s = strings.ToLower(strings.Trim(strings.TrimSpace(s), `<>"'`))
	s = strings.Join(strings.Fields(s), "")
	s = strings.TrimPrefix(s, "mailto:")
	return strings.TrimSuffix(s, ".")
}
