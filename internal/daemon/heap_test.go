package daemon

import "testing"

func TestGrowth(t *testing.T) {
	for _, test := range []struct {
		live uint64
		want int
	}{
		{0, 60}, {1, 10_000}, {1 << 20, 7100}, {36 << 20, 100}, {45 << 20, 60}, {46 << 20, 60}, {1 << 30, 60}, {1 << 62, 60},
	} {
		if got := growth(test.live); got != test.want {
			t.Errorf("a heap of %d bytes may grow by %d %%, want %d", test.live, got, test.want)
		}
	}
}
