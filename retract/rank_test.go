package retract

import (
	"fmt"
	"testing"

	"clawback/config"
)

// folders in the order of their rank; the first four are of the same rank.
var byRank = []struct {
	folder Folder
	rank   Rank
}{
	{Inbox, RankUser}, {SentItems, RankUser}, {Drafts, RankUser}, {"AAMkAD-a-folder-of-the-user", RankUser},
	{JunkEmail, RankJunk}, {Deleted, RankTrash}, {Deletions, RankDeletions}, {Purges, RankPurges},
}

func TestRank_allPairs(t *testing.T) {
	// Written out, so that a change of the order shows here: does a message in the row's folder need no action?
	want := map[config.Action]map[Folder]bool{
		config.Junk:       {JunkEmail: true, Deleted: true, Deletions: true, Purges: true},
		config.Trash:      {Deleted: true, Deletions: true, Purges: true},
		config.SoftDelete: {Deletions: true, Purges: true},
		config.HardDelete: {Purges: true},
	}
	for action, done := range want {
		target, ok := Target(action)
		if !ok {
			t.Fatalf("Target(%s) is not known", action)
		}
		for _, f := range byRank {
			t.Run(fmt.Sprintf("%s from %s", action, f.folder), func(t *testing.T) {
				if got := Satisfied(RankOf(f.folder), RankOf(target)); got != done[f.folder] {
					t.Errorf("satisfied = %v, want %v", got, done[f.folder])
				}
			})
		}
	}
}

func TestRank_ofFolders(t *testing.T) {
	for _, f := range byRank {
		if got := RankOf(f.folder); got != f.rank {
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
