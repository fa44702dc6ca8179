package score

import (
	"strings"

	"clawback/score/lists"
	"clawback/score/web"
)

// brandHost reports whether a host bears a brand's name without belonging to it.
func (x *inspection) brandHost(host string) (lists.Brand, bool) {
	i, known := x.hosts[host]
	if !known {
		i = x.findBrandHost(host)
		x.hosts[host] = i
	}
	if i < 0 {
		return lists.Brand{}, false
	}
	return x.lists.Brands[i], true
}

// findBrandHost is the index of the brand, or -1.
func (x *inspection) findBrandHost(host string) int {
	domain := web.Registrable(host)
	if _, owned := x.brands.domains[domain]; owned || x.lists.Popular.Has(domain) ||
		x.lists.HighTrust.Has(domain) || x.lists.Banks.Has(domain) || x.ours(web.Organisation(host)) || x.trustedDomain(domain) {
		return -1
	}
	named := namedPart{text: ordinaryWords.Replace(strings.TrimSuffix(host,
		strings.TrimPrefix(domain, web.Label(domain))))}
	named.plain = web.Digits(x.lists.Skeleton.Of(web.Unicode(named.text)))
	for word := range strings.FieldsFuncSeq(named.text, func(r rune) bool { return r == '.' || r == '-' || r == '_' }) {
		named.words = append(named.words, word)
		named.plainWords = append(named.plainWords, web.Digits(word))
	}
	named.pairs = pairs(named.text) | pairs(named.plain)
	for i := range x.lists.Brands {
		b := &x.lists.Brands[i]
		if len(b.Key) < 3 {
			continue
		}
		if (b.Weak && weakly(named.text, *b) || !b.Weak && named.bears(b.Key, x.brands.keys[i], x.brands.pairs[i])) &&
			!b.Owns(domain) {
			return i
		}
	}
	return -1
}

// ordinaryWords hold the name of a brand by chance.
var ordinaryWords = strings.NewReplacer("interact", "-", "revolution", "-", "interpolat", "-", "administrat", "-",
	"stratosph", "-", "stratoc", "-", "intuiti", "-")

// ordinaryWord reports whether a word that differs from a brand's name by one letter is one of its own.
func ordinaryWord(word string) bool {
	switch word {
	case "correo", "correios", "posten", "orange", "target":
		return true
	}
	return false
}

// weakly reports whether a host joins the name of a brand that is also an ordinary word to another word by a hyphen.
func weakly(named string, b lists.Brand) bool {
	if len(b.Key) < 5 || b.Kind != "crypto" && b.Kind != "bank" {
		return false
	}
	for label := range strings.SplitSeq(named, ".") {
		if strings.HasPrefix(label, b.Key+"-") || strings.HasSuffix(label, "-"+b.Key) {
			return true
		}
	}
	return false
}

// namedPart is what the owner of a host chose to call it, and the same with look-alikes folded.
type namedPart struct {
	text, plain       string
	words, plainWords []string
	pairs             uint64 // of text and plain
}

// pairs has a bit, of 64, for each two neighbouring letters of a text. A text that holds another has all its bits: most
// names of brands are told from a host by that.
func pairs(text string) (bits uint64) {
	for i := 1; i < len(text); i++ {
		bits |= 1 << ((text[i-1]*5 + text[i]*3) % 64)
	}
	return bits
}

// bears reports whether the name has the key as a word of its own, or a long key anywhere, or nearly. keyPairs are
// those that both forms of the key have.
func (n *namedPart) bears(key, plainKey string, keyPairs uint64) bool {
	may := keyPairs&^n.pairs == 0
	if may && len(key) >= 6 && (strings.Contains(n.text, key) || strings.Contains(n.plain, plainKey)) {
		return true
	}
	for i, word := range n.words {
		if may && word == key {
			return true
		}
		if len(key) >= 6 && len(word) >= 6 && !ordinaryWord(word) && sameEnd(n.plainWords[i], plainKey) &&
			web.Distance(n.plainWords[i], plainKey, 1) == 1 {
			return true
		}
	}
	return false
}

// sameEnd reports whether two words begin or end alike, as words do that differ by one change. It spares most of the
// comparisons.
func sameEnd(a, b string) bool {
	return a[0] == b[0] || a[len(a)-1] == b[len(b)-1]
}
