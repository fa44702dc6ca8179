package policy

import (
	"fmt"
	"testing"

	"clawback/config"
	"clawback/retract/exchange"
)

// folders in the order of their rank; the first four are of the same rank.
var byRank = []struct {
	folder exchange.Folder
	rank   exchange.Rank
}{
	{exchange.Inbox, exchange.RankUser}, {exchange.SentItems, exchange.RankUser}, {exchange.Drafts, exchange.RankUser}, {"AAMkAD-a-folder-of-the-user", exchange.RankUser},
	{exchange.JunkEmail, exchange.RankJunk}, {exchange.Deleted, exchange.RankTrash}, {exchange.Deletions, exchange.RankDeletions}, {exchange.Purges, exchange.RankPurges},
}

func TestRank_allPairs(t *testing.T) {
	// Written out, so that a change of the order shows here: does a message in the row's folder need no action?
	want := map[config.Action]map[exchange.Folder]bool{
		config.Junk:       {exchange.JunkEmail: true, exchange.Deleted: true, exchange.Deletions: true, exchange.Purges: true},
		config.Trash:      {exchange.Deleted: true, exchange.Deletions: true, exchange.Purges: true},
		config.SoftDelete: {exchange.Deletions: true, exchange.Purges: true},
		config.HardDelete: {exchange.Purges: true},
	}
	for action, done := range want {
		target, ok := Target(action)
		if !ok {
			t.Fatalf("Target(%s) is not known", action)
		}
		for _, f := range byRank {
			t.Run(fmt.Sprintf("%s from %s", action, f.folder), func(t *testing.T) {
				if got := exchange.Satisfied(exchange.RankOf(f.folder),
					exchange.RankOf(target)); got != done[f.folder] {
					t.Errorf("satisfied = %v, want %v", got, done[f.folder])
				}
			})
		}
	}
}

func TestRank_ofFolders(t *testing.T) {
	for _, f := range byRank {
		if got := exchange.RankOf(f.folder); got != f.rank {
			t.Errorf("RankOf(%s) = %d, want %d", f.folder, got, f.rank)
		}
	}
}

func TestTarget_noneIsNoAction(t *testing.T) {
	for _, a := range []config.Action{config.None, "", "restore", "delete"} {
		if f, ok := Target(a); ok {
			t.Errorf("Target(%q) = %s, want nothing", a, f)
		}
	}
}
