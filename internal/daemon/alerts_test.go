package daemon

import (
	"slices"
	"testing"

	"clawback/alert"
	"clawback/config"
)

// Each kind of notice is in a group that a route may name, and each group has a kind.
func TestKinds_areOfGroupsThatRoutesName(t *testing.T) {
	seen := map[string]bool{}
	for kind := range kinds {
		group := alert.Group(kind)
		if seen[group] = true; !slices.Contains(config.NoticeGroups, group) {
			t.Errorf("%s is of group %q, which no route can name", kind, group)
		}
	}
	for _, group := range config.NoticeGroups {
		if !seen[group] {
			t.Errorf("group %s has no kind", group)
		}
	}
	for kind, want := range map[string]string{
		"retract.gave_up": "failed", "retractions.held": "waiting", "retract.brake": "brake", "feed.away": "feed",
		"mail.deferred": "intake", "certificate": "certificate", "journal.silent": "journal", "retract.outage": "graph",
		"config.refused": "config", "route.failing": "alert", "queue.backlog": "judging",
	} {
		if got := alert.Group(kind); got != want {
			t.Errorf("%s is of %s, want %s", kind, got, want)
		}
	}
}
