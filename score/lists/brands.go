package lists

import "strings"

// Brand is an organisation that mail is often forged in the name of.
type Brand struct {
	Key     string   // in lower case letters and digits, as it would stand in a host name
	Names   []string // as it calls itself, in lower case words
	Domains []string // registrable domains that it sends from and links to
	Weak    bool     // the name is also an ordinary word: it counts only where it stands alone
	// Bank, parcel, shop, crypto, media, government, software, telecom; program: software that organisations run by
	// themselves.
	Kind  string
	Later bool // it was added when the narrow rule for MALICIOUS was closed
}

// parseBrands reads lines of key, names, domains and kind, split by " | "; a key that ends in ~ is weak. What stands
// below the line "# later" was added later.
func parseBrands(text string) []Brand {
	var all []Brand
	later := false
	for line := range strings.SplitSeq(text, "\n") {
		later = later || line == "# later"
		fields := strings.Split(line, "|")
		if len(fields) != 4 || strings.HasPrefix(line, "#") {
			continue
		}
		key := strings.TrimSpace(fields[0])
		all = append(all, Brand{
			Key: strings.TrimSuffix(key, "~"), Weak: strings.HasSuffix(key, "~"),
			Names: words(fields[1]), Domains: words(fields[2]), Kind: strings.TrimSpace(fields[3]),
			Later: later,
		})
	}
	return all
}

func words(field string) []string {
	var out []string
	for word := range strings.SplitSeq(field, ",") {
		if word = strings.TrimSpace(word); word != "" {
			out = append(out, word)
		}
	}
	return out
}

// Owns reports whether the brand owns the registrable domain.
func (b Brand) Owns(domain string) bool {
	for _, own := range b.Domains {
		if own == domain || strings.HasSuffix(domain, "."+own) {
			return true
		}
	}
	if strings.HasSuffix(domain, "."+b.Key) { // a top-level domain of its own
		return true
	}
	label, suffix, _ := strings.Cut(domain, ".")
	return label == b.Key && ordinarySuffix(suffix)
}

// ordinarySuffix reports whether a brand's own name under the suffix is most likely the brand's: a country's, or one of
// the old ones.
func ordinarySuffix(suffix string) bool {
	switch suffix {
	case "com", "net", "org", "eu", "io", "bank":
		return true
	}
	last := suffix[strings.LastIndexByte(suffix, '.')+1:]
	switch last {
	case "tk", "ml", "ga", "cf", "gq", "cc", "ws", "pw", "cm", "su", "bz", "nu", "la", "cx", "gd", "gs", "ms", "sx",
		"tc", "vg", "cd", "fm", "st":
		return false // countries' that are sold to anybody
	}
	first, _, two := strings.Cut(suffix, ".")
	return len(last) == 2 && (!two || first == "com" || first == "co" || first == "org")
}
