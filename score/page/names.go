package page

// What the tree construction of the HTML Living Standard knows of elements by their names.

// void elements have no content.
func void(name string) bool {
	switch name {
	case "area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input", "keygen", "link",
		"meta", "param",
		"source", "track", "wbr":
		return true
	}
	return false
}

// breaks reports whether an element stands in lines of its own.
func breaks(name string) bool {
	switch name {
	case "p", "div", "tr", "td", "th", "li", "br", "table", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "hr",
		"center", "blockquote",
		"body", "pre", "address", "article", "aside", "dd", "details", "dl", "dt", "fieldset", "figure", "footer",
		"form", "header", "main",
		"nav", "section", "caption", "option", "v:roundrect", "v:rect", "v:shape", "v:textbox":
		return true
	}
	return false
}

// special elements end the search for an element that a stray end tag would close (section 13.2.4.2).
func special(name string) bool {
	switch name {
	case "address", "applet", "article", "aside", "blockquote", "body", "button", "caption", "center", "colgroup", "dd",
		"details", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "frameset", "h1",
		"h2", "h3", "h4", "h5", "h6", "head", "header", "hgroup", "html", "iframe", "li", "listing", "main",
		"marquee", "menu", "nav", "noembed", "noframes", "noscript", "object", "ol", "p", "plaintext", "pre",
		"script", "search", "section", "select", "style", "summary", "table", "tbody", "td", "template",
		"textarea", "tfoot", "th", "thead", "title", "tr", "ul", "xmp":
		return true
	}
	return false
}

// formatting elements are opened again where something else closed them.
func formatting(name string) bool {
	switch name {
	case "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u":
		return true
	}
	return false
}

// endsParagraph reports whether a start tag closes a paragraph that is open.
func endsParagraph(name string) bool {
	switch name {
	case "address", "article", "aside", "blockquote", "center", "details", "dialog", "dir", "div", "dl", "fieldset",
		"figcaption", "figure",
		"footer", "header", "hgroup", "main", "menu", "nav", "ol", "p", "search", "section", "summary", "ul", "h1",
		"h2", "h3", "h4", "h5",
		"h6", "pre", "listing", "form", "li", "dd", "dt", "hr", "plaintext", "xmp", "table":
		return true
	}
	return false
}

// block reports whether the end tag closes the nearest such element in scope, and all within it.
func block(name string) bool {
	switch name {
	case "address", "article", "aside", "blockquote", "button", "center", "details", "dialog", "dir", "div", "dl",
		"fieldset", "figcaption",
		"figure", "footer", "header", "hgroup", "listing", "main", "menu", "nav", "ol", "pre", "search", "section",
		"select", "summary", "ul",
		"dd", "dt", "applet", "marquee", "object":
		return true
	}
	return false
}

func heading(name string) bool {
	return len(name) == 2 && name[0] == 'h' && '1' <= name[1] && name[1] <= '6'
}

// implied elements are closed by the end of their parent without an end tag.
func implied(name string) bool {
	switch name {
	case "dd", "dt", "li", "optgroup", "option", "p", "rb", "rp", "rt", "rtc":
		return true
	}
	return false
}

// marks reports whether an element keeps the formatting elements within it from being opened again outside of it.
func marks(name string) bool {
	switch name {
	case "td", "th", "caption", "applet", "object", "marquee", "template":
		return true
	}
	return false
}

// tablePart reports whether a tag is ignored outside of a table.
func tablePart(name string) bool {
	switch name {
	case "caption", "col", "colgroup", "tbody", "td", "tfoot", "th", "thead", "tr":
		return true
	}
	return false
}

// breaksOut reports whether a start tag ends SVG or MathML that is open (section 13.2.6.5).
func breaksOut(name string) bool {
	switch name {
	case "b", "big", "blockquote", "body", "br", "center", "code", "dd", "div", "dl", "dt", "em", "embed", "h1", "h2",
		"h3", "h4", "h5", "h6",
		"head", "hr", "i", "img", "li", "listing", "menu", "meta", "nobr", "ol", "p", "pre", "ruby", "s", "small",
		"span", "strong", "strike",
		"sub", "sup", "table", "tt", "u", "ul", "var":
		return true
	}
	return false
}

// A scope is what a search for an open element does not leave (section 13.2.4.2).
type scope uint8

const (
	anyScope scope = iota
	buttonScope
	listScope
	tableScope
)

// ends reports whether an element is a border of the scope.
func (s scope) ends(name string) bool {
	switch name {
	case "html", "table", "template":
		return true
	case "applet", "caption", "td", "th", "marquee", "object", "foreignobject":
		return s != tableScope
	case "button":
		return s == buttonScope
	case "ol", "ul":
		return s == listScope
	}
	return false
}
