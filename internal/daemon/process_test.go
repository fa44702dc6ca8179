package daemon

import (
	"testing"

	"clawback/internal/test/needs"
)

func TestResident(t *testing.T) {
	own, mapped := resident("Name:\tclawback\nVmRSS:\t  300 kB\nRssAnon:\t   100 kB\nRssFile:\t     200 kB\nRssShmem:\t       0 kB\n")
	if own != 100<<10 || mapped != 200<<10 {
		t.Errorf("%d and %d bytes", own, mapped)
	}
	if own, mapped := resident(""); own != 0 || mapped != 0 {
		t.Errorf("of nothing %d and %d bytes", own, mapped)
	}
	if own, mapped := resident(needs.File(t, "/proc/self/status")); own < 1<<20 || mapped < 1<<20 {
		t.Errorf("this process has %d bytes of its own and %d of files", own, mapped)
	}
}
