package config

import "strings"

// Person reads the pattern of a policy of kind person: a name, and the addresses that are that person's, as in
// "Ada Example <ada@contoso.example> <ada@home.example>".
func Person(pattern string) (VIP, error) {
	name, rest, _ := strings.Cut(pattern, "<")
	v := VIP{Name: strings.Join(strings.Fields(name), " ")}
	if v.Name == "" || strings.Contains(v.Name, "@") {
		return VIP{}, bad(pattern, "names no person",
			"write the name as mail shows it, and the person's addresses: Ada Example <ada@example.com>")
	}
	for field := range strings.FieldsFuncSeq(rest, func(r rune) bool { return strings.ContainsRune("<>, ", r) }) {
		address, err := lowerAddress(field)
		if err != nil {
			return VIP{}, err
		}
		v.Addresses = append(v.Addresses, address)
	}
	return v, nil
}

// String is the person in the form that Person reads.
func (v VIP) String() string {
	text := v.Name
	for _, a := range v.Addresses {
		text += " <" + a + ">"
	}
	return text
}
