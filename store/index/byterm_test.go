package index

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
)

// Postings come in the order of terms, and of documents within a term, however many they are.
func TestByTerm(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 2, 1000, maxSpread, maxSpread + 1} {
		for _, terms := range []uint64{1, 3, 1 << 9, 1 << hashBits} {
			list := make([]posting, n)
			for i := range list {
				list[i] = posting{r.Uint64N(terms) << 2 & (1<<hashBits - 1), uint32(i / 7)}
			}
			want := slices.Clone(list)
			slices.SortFunc(want, func(x, y posting) int {
				return cmp.Or(cmp.Compare(x.term, y.term), cmp.Compare(x.doc, y.doc))
			})
			if got := byTerm(list); !slices.Equal(got, want) {
				t.Errorf("%d postings of up to %d terms are not in order", n, terms)
			}
		}
	}
}
