package score

import "strings"

// unread is a part of the message that a limit kept from being read.
type unread struct {
	text  string // a sentence that names the limit and what lies behind it
	where string
}

// maxUnreadShown bounds the sentences of the one reason that names what was not read.
const maxUnreadShown = 5

// notRead records that a limit was reached. Every limit of the scorer and of the packages that read for it is reported
// here: what is hidden behind one must not look like what is not there.
func (x *inspection) notRead(where, text string) {
	x.unread = append(x.unread, unread{text, where})
}

// notSearched records that a limit was reached which honest mail reaches every day: photographs are larger than the
// pictures that are searched for codes, and reports longer than what is searched for words.
func (x *inspection) notSearched(where, text string) {
	x.unsearched = append(x.unsearched, unread{text, where})
}

// detectUnread makes one signal of all limits that were reached, and one of those that honest mail reaches. They add
// too little to flag a message by themselves: long newsletters and logs reach limits too.
func detectUnread(x *inspection) {
	x.readLimits() // last: files and the pages in them were read by the detectors
	if len(x.unread) > 0 {
		x.note("structure.not_read", x.unread[0].where, "It was not read to its end: %s", sentences(x.unread))
	}
	if len(x.unsearched) > 0 {
		x.note("structure.not_searched", x.unsearched[0].where, "Not all of it was searched: %s",
			sentences(x.unsearched))
	}
}

func sentences(limits []unread) string {
	var all []string
	for _, u := range limits {
		if len(all) < maxUnreadShown && !contains(all, u.text) {
			all = append(all, u.text)
		}
	}
	return strings.Join(all, " ")
}
