package extract

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Addresses in what is beyond the text's bound are found wherever they lie, at the edges of its pieces too.
func TestUnreadRest_findsAddressesAtTheEdgesOfItsPieces(t *testing.T) {
	const host = "https://edge.example/x"
	for _, filler := range []string{"lorem ipsum ", "line\r\n", "tab\t"} {
		for shift := -len(host) - 2; shift <= 2; shift++ {
			var body bytes.Buffer
			body.WriteString("Content-Type: text/plain\r\n\r\n")
			start := body.Len() + Default().Text + window + shift
			body.WriteString(strings.Repeat(filler, start/len(filler)+1)[:start-body.Len()-1])
			fmt.Fprintf(&body, " %s %s", host, strings.Repeat(filler, 100))
			m, err := Read(bytes.NewReader(body.Bytes()), int64(body.Len()), Default())
			if err != nil {
				t.Fatal(err)
			}
			found := func(address string) bool { return strings.HasPrefix(address, host) }
			if !slices.ContainsFunc(m.More, found) {
				t.Errorf("filler %q, shift %d: the address is not found", filler, shift)
			}
		}
	}
}
