package extract

import (
	"cmp"
	"slices"
	"sort"
	"strings"

	"clawback/score/page"
)

// quotes are the parts of a text that its author answers or sends on.
type quotes struct {
	spans []page.Span // in order, apart from each other
	from  int         // what stands from here on is quoted too
}

// quotesOf finds what is quoted in a text: blocks that HTML says so of, lines that begin with ">", and all that stands
// behind the header of the message that is answered or sent on.
func quotesOf(text string, blocks []page.Span) quotes {
	q := quotes{from: len(text) + 1}
	introduced := -1
	for at, rest := 0, text; rest != ""; {
		line, after, _ := strings.Cut(rest, "\n")
		next := at + len(rest) - len(after)
		switch trimmed := strings.TrimLeft(line, " \t\u00a0"); {
		case strings.HasPrefix(trimmed, ">"):
			q.add(page.Span{From: at, To: next})
		case introduces(trimmed):
			introduced = next
		case authorLine(trimmed) && dated(after):
			q.from, after = next, ""
		}
		at, rest = next, after
	}
	q.merge(blocks)
	if introduced >= 0 && (len(q.spans) == 0 || q.spans[len(q.spans)-1].To <= introduced) {
		q.from = min(q.from, introduced) // what it introduces is marked by nothing else
	}
	return q
}

// add adds a span that begins where the last one does, or later.
func (q *quotes) add(s page.Span) {
	if last := len(q.spans) - 1; last >= 0 && s.From <= q.spans[last].To {
		q.spans[last].To = max(q.spans[last].To, s.To)
		return
	}
	q.spans = append(q.spans, s)
}

// merge adds spans that may lie anywhere.
func (q *quotes) merge(more []page.Span) {
	if len(more) == 0 {
		return
	}
	all := append(slices.Clone(more), q.spans...)
	slices.SortFunc(all, func(a, b page.Span) int { return cmp.Compare(a.From, b.From) })
	q.spans = nil
	for _, s := range all {
		q.add(s)
	}
}

// has reports whether what begins at a place of the text is quoted.
func (q *quotes) has(at int) bool {
	n := sort.Search(len(q.spans), func(i int) bool { return q.spans[i].To > at })
	return at >= q.from || n < len(q.spans) && q.spans[n].From <= at
}

// maxLine is how long a line of a header is at most that mail programs put before a quotation.
const maxLine = 400

// introduces reports whether a line is one such as "On 30 Nov 2026, Ann <ann@example.com> wrote:", in any language.
func introduces(line string) bool {
	line = strings.TrimRight(line, " \t\r\u00a0")
	return len(line) <= maxLine && strings.HasSuffix(line, ":") && strings.Contains(line, "@") &&
		strings.Contains(line, ">") && strings.ContainsAny(line, "0123456789")
}

// authorLine reports whether a line names the author of a message that is answered or sent on.
func authorLine(line string) bool {
	name, value, found := strings.Cut(strings.Trim(line, " \t*>"), ":")
	return found && len(line) <= maxLine && authorLabel(name) && strings.Contains(value, "@")
}

// dated reports whether one of the next few lines names a date.
func dated(text string) bool {
	for range 6 {
		line, after, more := strings.Cut(text, "\n")
		if label, _, found := strings.Cut(strings.Trim(line, " \t*>"), ":"); found && dateLabel(label) {
			return true
		}
		if text = after; !more {
			return false
		}
	}
	return false
}

// ForwardedAuthor finds the header that mail programs put before a text they send on: the author's line, and the date's
// within the next few.
func ForwardedAuthor(text string) (Address, bool) {
	for text != "" {
		line, after, _ := strings.Cut(text, "\n")
		if authorLine(line) && dated(after) {
			_, value, _ := strings.Cut(strings.Trim(line, " \t*>"), ":")
			if all := ParseAddresses(mailtos(value)); len(all) > 0 && all[0].Address != "" {
				return all[0], true
			}
		}
		text = after
	}
	return Address{}, false
}

// mailtos takes back what mail programs add to an address: <a@b<mailto:a@b>>.
func mailtos(value string) string {
	value = strings.TrimSpace(strings.NewReplacer("[mailto:", "<", "]", ">").Replace(value))
	if before, _, found := strings.Cut(value, "<mailto:"); found && strings.Contains(before, "<") {
		return strings.TrimRight(before, " <") + ">"
	}
	return strings.Replace(value, "<mailto:", "<", 1)
}

func authorLabel(s string) bool {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "from", "de", "von", "van", "da", "from ", "expéditeur", "remitente", "remetente", "afzender":
		return true
	}
	return false
}

func dateLabel(s string) bool {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "sent", "date", "enviado", "enviada", "enviado em", "enviado el", "data", "fecha", "gesendet", "datum",
		"verzonden", "envoyé", "envoyé le", "inviato":
		return true
	}
	return false
}
