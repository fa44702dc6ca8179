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

// detectUnread makes one signal of all limits that were reached. It adds too little to flag a message by itself: long
// newsletters and logs reach limits too.
func detectUnread(x *inspection) {
	x.readLimits() // last: files and the pages in them were read by the detectors
	if len(x.unread) == 0 {
		return
	}
	var all []string
	for _, u := range x.unread {
		if len(all) < maxUnreadShown && !contains(all, u.text) {
			all = append(all, u.text)
		}
	}
	x.note("structure.not_read", x.unread[0].where, "It was not read to its end: %s", strings.Join(all, " "))
}
