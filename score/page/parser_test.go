package page

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// parsedWords are the words of a page that its tree has outside of what is not displayed: what package html says that a
// browser shows.
func parsedWords(source string) ([]string, error) {
	root, err := html.Parse(strings.NewReader(source))
	if err != nil {
		return nil, err
	}
	var shown []string
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.TextNode {
			shown = append(shown, strings.Fields(n.Data)...)
		}
		for _, a := range n.Attr {
			if a.Key == "style" && strings.Contains(a.Val, "none") {
				return
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(root)
	slices.Sort(shown)
	return shown, nil
}

// tags that a random page is made of: those whose start or end closes others, and some that do not. Not <caption>:
// package html lets it swallow a <th>.
var randomTags = []string{
	"p", "div", "span", "b", "font", "a", "i", "em", "table", "tr", "td", "th", "tbody", "thead", "ul", "ol", "li", "dl", "dd", "dt", "h1", "h2",
	"blockquote", "center", "section", "article", "button", "nobr", "u", "pre", "address", "label", "o:p",
}

// randomPage is a page of n tags and words, most of whose tags do not match.
func randomPage(r *rand.Rand, n int) string {
	var out strings.Builder
	out.WriteString("<!DOCTYPE html><html><body>")
	for i := range n {
		tag := randomTags[r.IntN(len(randomTags))]
		switch k := r.IntN(10); {
		case k < 3:
			fmt.Fprintf(&out, "w%d ", i)
		case k < 6:
			out.WriteString("<" + tag + ">")
		case k < 7:
			out.WriteString("<" + tag + ` style="display:none">`)
		default:
			out.WriteString("</" + tag + ">")
		}
	}
	return out.String()
}

// The parser of golang.org/x/net/html builds the tree that the standard asks for; what is shown by it is shown here,
// and nothing else.
func TestRead_showsWhatAParsersTreeShows(t *testing.T) {
	for seed := range uint64(15_000) {
		source := randomPage(rand.New(rand.NewPCG(seed, 1)), 8+int(seed%40))
		want, err := parsedWords(source)
		if err != nil {
			continue
		}
		got := strings.Fields(Read(source).Text)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Fatalf("page %d: %s\nshown %v\nby the tree %v", seed, source, got, want)
		}
	}
}
