package page

// start makes room for a start tag: it closes what the tag closes in a browser. It answers false where the tag is
// ignored.
func (t *tree) start(name string) bool {
	if t.inForeign() {
		if !breaksOut(name) {
			return true
		}
		t.leaveForeign()
	}
	if t.current() == "head" && !inHead(name) {
		t.popTo(len(t.stack) - 1)
	}
	switch {
	case name == "html" || name == "head" || name == "body" || name == "frameset":
		return t.findNamed(anyScope, name) < 0 && len(t.stack) < 2
	case tablePart(name):
		return t.startTablePart(name)
	}
	if endsParagraph(name) {
		t.closeParagraph()
	}
	switch {
	case heading(name) && heading(t.current()):
		t.popTo(len(t.stack) - 1)
	case name == "li":
		t.closeItem(func(s string) bool { return s == "li" })
	case name == "dd" || name == "dt":
		t.closeItem(func(s string) bool { return s == "dd" || s == "dt" })
	case name == "button":
		if i := t.findNamed(anyScope, "button"); i >= 0 {
			t.popTo(i)
		}
	case name == "option" || name == "optgroup":
		if t.current() == "option" {
			t.popTo(len(t.stack) - 1)
		}
	case name == "a" || name == "nobr":
		if t.listed(name) >= 0 {
			t.endFormatting(name)
		}
	case name == "table":
		t.startTable()
	}
	return true
}

// inHead reports whether an element may stand in the head of a page. Any other ends it.
func inHead(name string) bool {
	switch name {
	case "base", "basefont", "bgsound", "link", "meta", "title", "noscript", "noframes", "style", "script", "template",
		"head":
		return true
	}
	return false
}

// leaveForeign ends SVG and MathML that are open.
func (t *tree) leaveForeign() {
	for i := len(t.stack) - 1; i >= 0 && t.stack[i].foreign; i-- {
		if t.stack[i].name == "foreignobject" {
			return
		}
		t.popTo(i)
	}
}

// closeItem closes an item of a list that is open, and is not in an inner block.
func (t *tree) closeItem(is func(string) bool) {
	for i := len(t.stack) - 1; i >= 0; i-- {
		name := t.stack[i].name
		if is(name) {
			t.popTo(i)
			return
		}
		if special(name) && name != "address" && name != "div" && name != "p" {
			return
		}
	}
}

// startTable closes a table that is open outside of its cells: tables stand in cells only.
func (t *tree) startTable() {
	for i := len(t.stack) - 1; i >= 0; i-- {
		switch name := t.stack[i].name; {
		case name == "table":
			t.popTo(i)
			return
		case name == "td" || name == "th" || name == "caption" || name == "template":
			return
		}
	}
}

// startTablePart closes the cells and rows that a part of a table ends. Outside of a table the tag is ignored.
func (t *tree) startTablePart(name string) bool {
	i := t.findNamed(tableScope, "table")
	if i < 0 {
		return false
	}
	keep := func(is func(string) bool) {
		for j := i + 1; j < len(t.stack); j++ {
			if !is(t.stack[j].name) {
				t.popTo(j)
				return
			}
		}
	}
	section := func(s string) bool { return s == "tbody" || s == "thead" || s == "tfoot" }
	switch name {
	case "td", "th":
		keep(func(s string) bool { return section(s) || s == "tr" })
		t.implyRow(t.current() == "table", t.current() != "tr")
	case "tr":
		keep(section)
		t.implyRow(t.current() == "table", false)
	default:
		keep(func(string) bool { return false })
	}
	return true
}

// implyRow opens the section and the row that stand around a cell even where they have no tags.
func (t *tree) implyRow(section, row bool) {
	if section {
		t.push(element{name: "tbody"})
	}
	if row {
		t.push(element{name: "tr"})
	}
}

// end closes what an end tag closes in a browser.
func (t *tree) end(name string) {
	switch {
	case t.current() != "" && t.stack[len(t.stack)-1].foreign && t.endForeign(name):
	case name == "body" || name == "html":
	case name == "p":
		t.closeParagraph()
	case formatting(name):
		t.endFormatting(name)
	case name == "li":
		t.closeNamed(listScope, name)
	case tablePart(name) || name == "table":
		t.closeNamed(tableScope, name)
	case heading(name):
		t.close(anyScope, heading)
	case name == "form":
		t.endForm()
	case block(name):
		t.closeNamed(anyScope, name)
	default:
		t.endOther(name)
	}
}

// close closes the innermost element in scope.
func (t *tree) close(s scope, is func(string) bool) {
	if i := t.find(s, is); i >= 0 {
		t.popTo(i)
	}
}

// closeNamed is close for one name.
func (t *tree) closeNamed(s scope, name string) {
	if i := t.findNamed(s, name); i >= 0 {
		t.popTo(i)
	}
}

// endForeign closes an element of SVG or MathML.
func (t *tree) endForeign(name string) bool {
	for i := len(t.stack) - 1; i >= 0 && t.stack[i].foreign; i-- {
		if t.stack[i].name == name {
			t.popTo(i)
			return true
		}
	}
	return false
}

// endForm takes a form off the stack, wherever it is: what is open within it stays open.
func (t *tree) endForm() {
	i := t.findNamed(anyScope, "form")
	switch {
	case i < 0:
	case i == len(t.stack)-1:
		t.popTo(i)
	default:
		for len(t.stack) > i+1 && implied(t.current()) {
			t.popTo(len(t.stack) - 1)
		}
		t.remove(i)
		t.recompute(i)
	}
}
