package exchange

// Rank says how far out of the user's sight a place is. No action ever lowers a message's rank.
type Rank int

// The ranks, in sight first.
const (
	RankUser      Rank = iota // Inbox, Sent Items, and every folder of the user's own
	RankJunk                  // Junk E-mail
	RankTrash                 // Deleted Items
	RankDeletions             // Recoverable Items\Deletions: the user's "Recover deleted items"
	RankPurges                // Recoverable Items\Purges: an administrator's eDiscovery
)

// RankOf gives the rank of a well-known folder; every other folder is the user's own.
func RankOf(f Folder) Rank {
	switch f {
	case JunkEmail:
		return RankJunk
	case Deleted:
		return RankTrash
	case Deletions:
		return RankDeletions
	case Purges:
		return RankPurges
	}
	return RankUser
}

// Satisfied reports whether a message that lies at has been taken far enough by a retraction to target.
func Satisfied(at, target Rank) bool { return at >= target }

// Place names a well-known folder for a person.
func Place(f Folder) string {
	switch f {
	case Inbox:
		return "Inbox"
	case SentItems:
		return "Sent Items"
	case Drafts:
		return "Drafts"
	case JunkEmail:
		return "Junk Email"
	case Deleted:
		return "Deleted Items"
	case Deletions:
		return `Recoverable Items\Deletions`
	case Purges:
		return `Recoverable Items\Purges`
	}
	return "another folder"
}
