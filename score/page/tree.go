package page

// element is an open element.
type element struct {
	name     string
	declared declared // what its own attributes and the style sheet's rules say
	style    style    // what comes of that within its parents
	id       int      // of the formatting element that it is; 0: it is none
	foreign  bool     // of SVG or MathML
	hiddenAt int      // how much text was hidden before it
}

// active is an entry in the list of active formatting elements (section 13.2.4.3).
type active struct {
	name     string
	declared declared
	id       int
	open     bool // it is on the stack
	marker   bool
}

// tree is the stack of open elements and the list of active formatting elements, as a browser's parser has them.
type tree struct {
	stack  []element
	active []active
	lastID int
	open   [searched]int // how many elements are open, of the names that are searched for most
	hidden *hiddenText
	shown  func(text string) // takes what was hidden and is shown after all
}

// style is that of the current element.
func (t *tree) style() style {
	if len(t.stack) == 0 {
		return initial()
	}
	return t.stack[len(t.stack)-1].style
}

// current is the name of the innermost open element.
func (t *tree) current() string {
	if len(t.stack) == 0 {
		return ""
	}
	return t.stack[len(t.stack)-1].name
}

// inForeign reports whether what follows is SVG or MathML.
func (t *tree) inForeign() bool {
	if len(t.stack) == 0 {
		return false
	}
	e := &t.stack[len(t.stack)-1]
	return e.foreign && e.name != "foreignobject" && e.name != "desc" && e.name != "title" && e.name != "annotation-xml"
}

// push opens an element. Beyond maxDepth it takes the place of the innermost one, as in browsers.
func (t *tree) push(e element) {
	if len(t.stack) >= maxDepth {
		t.popTo(len(t.stack) - 1)
	}
	e.style = e.declared.at(len(t.stack), t.parent(len(t.stack), e.name))
	e.hiddenAt = len(t.hidden.text)
	t.stack = append(t.stack, e)
	t.open[counter(e.name)]++
}

// The names that are searched for at many tags: where none is open, the whole stack would be searched in vain.
const (
	openOther = iota
	openP
	openForm
	openButton
	openTable
	openLi
	openQuote
	searched
)

func counter(name string) int {
	switch name {
	case "p":
		return openP
	case "form":
		return openForm
	case "button":
		return openButton
	case "table":
		return openTable
	case "li":
		return openLi
	case "blockquote":
		return openQuote
	}
	return openOther
}

// parent is the style that an element inherits which is or would be the one at i. What stands in a table outside of its
// cells is put before the table ("foster parenting", section 13.2.6.1).
func (t *tree) parent(i int, name string) style {
	if i == 0 {
		return initial()
	}
	if rows(t.stack[i-1].name) && !tablePart(name) && !inHead(name) {
		for j := i - 1; j >= 0; j-- {
			if t.stack[j].name == "table" {
				i = j
				break
			}
		}
		if i == 0 {
			return initial()
		}
	}
	return t.stack[i-1].style
}

// rows reports whether an element of a table holds rows and cells only.
func rows(name string) bool {
	switch name {
	case "table", "tbody", "thead", "tfoot", "tr":
		return true
	}
	return false
}

// popTo closes the elements from i on.
func (t *tree) popTo(i int) {
	for j := len(t.stack) - 1; j >= i; j-- {
		e := &t.stack[j]
		if e.id != 0 {
			t.deactivate(e.id, false)
		}
		if marks(e.name) {
			t.clearToMarker()
		}
		t.stack = t.stack[:j]
		t.open[counter(e.name)]--
	}
}

// remove takes one element out from beneath those that are open within it.
func (t *tree) remove(i int) {
	t.open[counter(t.stack[i].name)]--
	t.stack = append(t.stack[:i], t.stack[i+1:]...)
}

// lists reports whether a formatting element is still open, or will be opened again.
func (t *tree) lists(id int) bool {
	for i := range t.active {
		if t.active[i].id == id {
			return true
		}
	}
	return false
}

// recompute works out the styles from i on again.
func (t *tree) recompute(i int) {
	for ; i < len(t.stack); i++ {
		t.stack[i].style = t.stack[i].declared.at(i, t.parent(i, t.stack[i].name))
	}
}

// find is the innermost open element of that name in scope, or -1.
func (t *tree) find(s scope, is func(string) bool) int {
	for i := len(t.stack) - 1; i >= 0; i-- {
		name := t.stack[i].name
		if is(name) {
			return i
		}
		if s.ends(name) {
			return -1
		}
	}
	return -1
}

// findNamed is find for one name.
func (t *tree) findNamed(s scope, name string) int {
	if n := counter(name); n != openOther && t.open[n] == 0 {
		return -1
	}
	for i := len(t.stack) - 1; i >= 0; i-- {
		switch have := t.stack[i].name; {
		case have == name:
			return i
		case s.ends(have):
			return -1
		}
	}
	return -1
}

// deactivate notes that a formatting element is off the stack, and takes it off the list too where it is gone for good.
func (t *tree) deactivate(id int, gone bool) {
	for i := len(t.active) - 1; i >= 0; i-- {
		if t.active[i].id != id {
			continue
		}
		t.active[i].open = false
		if gone {
			t.active = append(t.active[:i], t.active[i+1:]...)
		}
		return
	}
}

// clearToMarker ends the formatting elements of a cell.
func (t *tree) clearToMarker() {
	for len(t.active) > 0 {
		last := t.active[len(t.active)-1]
		t.active = t.active[:len(t.active)-1]
		if last.marker {
			return
		}
	}
}

// reopen opens the formatting elements that something else closed: text and inline elements stand in them again.
func (t *tree) reopen() {
	from := len(t.active)
	for from > 0 && !t.active[from-1].marker && !t.active[from-1].open {
		from--
	}
	for i := from; i < len(t.active); i++ {
		a := &t.active[i]
		if len(t.stack) < maxDepth-1 {
			a.open = true
			t.push(element{name: a.name, declared: a.declared, id: a.id})
		}
	}
}

// activate opens a formatting element and lists it. At most three that are alike are listed (the "Noah's Ark clause").
func (t *tree) activate(name string, d declared) {
	alike, first := 0, -1
	for i := len(t.active) - 1; i >= 0 && !t.active[i].marker; i-- {
		if a := &t.active[i]; a.name == name && a.declared == d {
			alike, first = alike+1, i
		}
	}
	switch {
	case alike >= 3:
		t.active = append(t.active[:first], t.active[first+1:]...)
	case len(t.active) >= maxActive:
		t.active = t.active[1:]
	}
	t.lastID++
	t.push(element{name: name, declared: d, id: t.lastID})
	t.active = append(t.active, active{name: name, declared: d, id: t.lastID, open: true})
}

// listed is the last active formatting element of that name in the same cell, or -1.
func (t *tree) listed(name string) int {
	for i := len(t.active) - 1; i >= 0 && !t.active[i].marker; i-- {
		if t.active[i].name == name {
			return i
		}
	}
	return -1
}

// byID is where a formatting element is on the stack, or -1.
func (t *tree) byID(id int) int {
	for i := len(t.stack) - 1; i >= 0; i-- {
		if t.stack[i].id == id {
			return i
		}
	}
	return -1
}

// endFormatting ends a formatting element whose tags overlap with others' (the "adoption agency algorithm", section
// 13.2.6.4.7): the blocks that are open within it stay open, and are in it no more.
func (t *tree) endFormatting(name string) {
	if n := len(t.stack) - 1; n >= 0 && t.stack[n].name == name && t.stack[n].id == 0 {
		t.popTo(n)
		return
	}
	for range 8 {
		i := t.listed(name)
		if i < 0 {
			t.endOther(name)
			return
		}
		id := t.active[i].id
		at := t.byID(id)
		if at < 0 {
			t.active = append(t.active[:i], t.active[i+1:]...)
			return
		}
		if !t.inScope(at) {
			return
		}
		furthest := t.furthestBlock(at)
		if furthest < 0 {
			t.active = append(t.active[:i], t.active[i+1:]...)
			t.popTo(at)
			return
		}
		t.adopt(at, furthest)
	}
}

// inScope reports whether no border of a scope stands between an open element and the current one.
func (t *tree) inScope(at int) bool {
	for i := len(t.stack) - 1; i > at; i-- {
		if anyScope.ends(t.stack[i].name) {
			return false
		}
	}
	return true
}

// furthestBlock is the outermost special element within a formatting element, or -1.
func (t *tree) furthestBlock(at int) int {
	for i := at + 1; i < len(t.stack); i++ {
		if special(t.stack[i].name) {
			return i
		}
	}
	return -1
}

// adopt moves a formatting element from around its furthest block into it. What is open between them and is no
// formatting element is closed; of the others the three innermost stay. The block moves out of what was closed, with
// all that it holds.
func (t *tree) adopt(at, furthest int) {
	formatting := t.stack[at]
	hid, since, block := t.stack[furthest].style.hides(), t.stack[furthest].hiddenAt, furthest
	t.hidden.carry(since, at, block)
	inner := 0
	for i := furthest - 1; i > at; i-- {
		inner++
		id := t.stack[i].id
		switch {
		case id == 0:
			t.remove(i)
			furthest--
		case inner > 3:
			t.deactivate(id, true)
			t.remove(i)
			furthest--
		}
	}
	copy(t.stack[at:], t.stack[at+1:furthest+1])
	t.stack[furthest] = formatting
	t.recompute(at)
	if hid && !t.stack[furthest].style.hides() {
		t.shown(t.hidden.reveal(since, block))
	}
}

// endOther closes an element that has no rules of its own.
func (t *tree) endOther(name string) {
	for i := len(t.stack) - 1; i >= 0; i-- {
		if t.stack[i].name == name {
			t.popTo(i)
			return
		}
		if special(t.stack[i].name) {
			return
		}
	}
}

// closeParagraph closes a paragraph that is open.
func (t *tree) closeParagraph() {
	if i := t.findNamed(buttonScope, "p"); i >= 0 {
		t.popTo(i)
	}
}
