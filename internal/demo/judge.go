package demo

import (
	"cmp"
	"fmt"
	"strings"

	"clawback/internal/test/graphsim"
	"clawback/internal/visible"
)

// row is one expectation and what came of it.
type row struct {
	story, where, want, got string
	ok                      bool
}

// wrong lists what of a story is not as expected.
func (s *stage) wrong(st *story) []row {
	var bad []row
	for _, r := range s.rows(st) {
		if !r.ok {
			bad = append(bad, r)
		}
	}
	return bad
}

// rows compares a story with what was seen.
func (s *stage) rows(st *story) []row {
	list := []row{s.verdictRow(st)}
	for _, m := range st.Mailboxes {
		list = append(list, s.mailboxRow(st, m))
	}
	return list
}

func (s *stage) verdictRow(st *story) row {
	got := st.seen.disposition
	if got == "" {
		got = st.seen.item
	}
	r := row{story: st.ID, where: "verdict", want: st.Disposition, got: got}
	switch {
	case s.script.free:
		r.want, r.ok = "stated", got != "" && got != "ready" && got != "working"
	case st.Disposition != "":
		r.ok = got == st.Disposition
	case st.Item == "bounced":
		r.want, r.ok = "bounced, and arrived", st.seen.bounced
	default:
		r.want, r.ok = st.Item, got == st.Item
	}
	return r
}

func (s *stage) mailboxRow(st *story, m *mailbox) row {
	r := row{story: st.ID, where: m.Address}
	outcome, folder := "", s.folder(m)
	if m.Address != "" {
		outcome = st.seen.outcome(m.Address)
	} else {
		r.where = m.User + " (bystander)"
		if m.Released {
			r.where = m.User + " (released later)"
		}
	}
	r.got = join(outcome, folder)
	if s.script.free {
		r.want, r.ok = "stated", outcome != ""
		if outcome != "" && outcome != left {
			r.got += ": " + st.seen.reasons[m.Address]
		}
		return r
	}
	r.want = join(m.Outcome, m.Folder)
	r.ok = outcome == m.Outcome && folder == m.Folder
	return r
}

func join(outcome, folder string) string {
	switch {
	case folder == "":
		return outcome
	case outcome == "":
		return folder
	}
	return outcome + ", in " + folder
}

// folder is where the seeded message is now, as the simulator itself knows.
func (s *stage) folder(m *mailbox) string {
	if m.key == "" {
		return ""
	}
	for _, msg := range s.Sim.Messages(m.User) {
		if msg.Key == m.key {
			return place(msg)
		}
	}
	return "nowhere"
}

func place(m graphsim.Message) string {
	if m.Purged {
		return "purged"
	}
	if name, known := folderNames[m.Folder]; known {
		return name
	}
	return m.Folder
}

// folderNames are the well-known folders as Outlook shows them.
var folderNames = map[string]string{
	"inbox": "Inbox", "junkemail": "Junk Email", "deleteditems": "Deleted Items",
	"recoverableitemsdeletions": "Recoverable Items/Deletions", "recoverableitemspurges": "Recoverable Items/Purges",
}

// judge prints the table and gives the number of rows that are wrong.
func (s *stage) judge() (wrong int) {
	wide := 0
	for _, st := range s.script.Stories {
		for _, r := range s.rows(st) {
			wide = max(wide, min(len(r.where), s.o.width()/2-10))
		}
	}
	for _, st := range s.script.Stories {
		s.o.printf("\n%s  %s\n", st.ID, st.Title)
		for _, r := range s.rows(st) {
			line := fold(fmt.Sprintf("    %-5s %-*s  %s", s.mark(r), wide, visible.Line(r.where),
				visible.Line(r.text())), s.o.width(), 12+wide)
			colour := green
			if !r.ok {
				colour = red
			}
			fmt.Fprintln(s.o.Out, strings.Replace(line, s.mark(r), s.o.paint(colour, s.mark(r)), 1))
			if !r.ok {
				wrong++
			}
		}
	}
	return wrong + s.bystanders()
}

// mark is the word before a row. Of reports of one's own nobody knows what is right.
func (s *stage) mark(r row) string {
	if r.ok && s.script.free {
		return "seen"
	}
	if r.ok {
		return "ok"
	}
	return "WRONG"
}

// text is what was seen, and what was expected where that is something else.
func (r row) text() string {
	if r.ok {
		return r.got
	}
	return fmt.Sprintf("%s, expected %s", cmp.Or(r.got, "nothing"), r.want)
}

// bystanders counts what the simulator holds against the daemon: wrong calls, and messages touched that no story names.
func (s *stage) bystanders() (wrong int) {
	for _, v := range s.Sim.Violations() {
		fmt.Fprintln(s.o.Out, "WRONG call to Graph:", visible.Line(fmt.Sprint(v)))
		wrong++
	}
	if s.script.free {
		return wrong
	}
	expected := map[string]bool{}
	for _, st := range s.script.Stories {
		for _, m := range st.Mailboxes {
			expected[m.key] = m.Outcome == "done" || m.Released
		}
	}
	for _, m := range s.Sim.Changed() {
		if !expected[m.Key] {
			fmt.Fprintf(s.o.Out, "WRONG: %q in %s was touched: %v\n", m.Subject, m.Mailbox, m.Changes)
			wrong++
		}
	}
	return wrong
}
