package page

import "slices"

// hiddenText is what a page does not show, and what hides it.
type hiddenText struct {
	text   []byte
	chunks []chunk
}

// chunk is a run of hidden text. by is the innermost open element that hides it, counted from the outermost.
type chunk struct{ from, by int }

// add keeps a text that is not shown.
func (h *hiddenText) add(text string, by int) {
	if n := len(h.chunks); n == 0 || h.chunks[n-1].by != by {
		h.chunks = append(h.chunks, chunk{len(h.text), by})
	}
	keep(&h.text, text)
}

// since are the chunks from a place on, or from the end, where text before that place was revealed meanwhile. The first
// may be the rest of one that began before.
func (h *hiddenText) since(from int) []chunk {
	first := len(h.chunks)
	for first > 0 && h.chunks[first-1].from >= from {
		first--
	}
	chunks := slices.Clone(h.chunks[first:])
	if first > 0 && from < len(h.text) && (len(chunks) == 0 || chunks[0].from > from) {
		chunks = slices.Insert(chunks, 0, chunk{from, h.chunks[first-1].by})
	}
	h.chunks = h.chunks[:first]
	return chunks
}

// carry notes that an element moved from around another into it, with what it hides from there on.
func (h *hiddenText) carry(from, outer, inner int) {
	for _, c := range h.since(from) {
		if c.by == outer {
			c.by = inner
		}
		h.chunks = append(h.chunks, c)
	}
}

// reveal takes out the text from there on, but for what an element hides that is further in than that or is it.
func (h *hiddenText) reveal(from, within int) string {
	from = min(from, len(h.text))
	chunks, text := h.since(from), slices.Clone(h.text[from:])
	h.text = h.text[:from]
	var shown []byte
	for i, c := range chunks {
		end := from + len(text)
		if i+1 < len(chunks) {
			end = chunks[i+1].from
		}
		if part := text[c.from-from : end-from]; c.by >= within {
			h.add(string(part), c.by)
		} else {
			shown = append(shown, part...)
		}
	}
	return string(shown)
}
