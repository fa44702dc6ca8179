package page

import (
	"strings"

	"golang.org/x/net/html"
)

// attributes are those of one tag that are looked at. The first of a name counts, as in browsers.
type attributes struct {
	href, src, action, formaction, data, background string
	poster, srcdoc, content, httpEquiv, kind, alt   string
	width, height, style, class, id                 string
	colour, ground, size, rel, span                 string
	hidden, open                                    bool
	handlers                                        int
}

// read takes the attributes of the tag that the tokenizer stands at, and leaves what is not needed. It reports whether
// all were read.
func (a *attributes) read(z *html.Tokenizer) bool {
	*a = attributes{}
	more := true
	for n := 0; more && n < maxAttrs; n++ {
		var key, value []byte
		key, value, more = z.TagAttr()
		if field := a.field(string(key)); field != nil && *field == "" {
			*field = string(value)
		}
	}
	return !more
}

// field is where an attribute's value belongs, or nil.
func (a *attributes) field(key string) *string {
	switch key {
	case "href", "xlink:href":
		return &a.href
	case "src":
		return &a.src
	case "action":
		return &a.action
	case "formaction":
		return &a.formaction
	case "data":
		return &a.data
	case "background":
		return &a.background
	case "poster":
		return &a.poster
	case "srcdoc":
		return &a.srcdoc
	case "content":
		return &a.content
	case "http-equiv":
		return &a.httpEquiv
	case "type":
		return &a.kind
	case "alt":
		return &a.alt
	case "rel":
		return &a.rel
	}
	return a.look(key)
}

// look is where an attribute belongs that says what the element looks like.
func (a *attributes) look(key string) *string {
	switch key {
	case "width":
		return &a.width
	case "height":
		return &a.height
	case "style":
		return &a.style
	case "class":
		return &a.class
	case "id":
		return &a.id
	case "color", "text":
		return &a.colour
	case "bgcolor":
		return &a.ground
	case "size":
		return &a.size
	case "colspan":
		return &a.span
	case "hidden":
		a.hidden = true
	case "open":
		a.open = true
	default:
		if strings.HasPrefix(key, "on") {
			a.handlers++
		}
	}
	return nil
}

// declares is what the attributes of an element say, its style apart.
func (a *attributes) declares(name string) declared {
	var d declared
	switch {
	case a.hidden, name == "template", name == "datalist", name == "dialog" && !a.open:
		d.display = displayNone
	case name == "a" && a.href != "":
		d.text, d.hasText = colour{known: true, blue: 238}, true // browsers' own
	case name == "button" || name == "select" || name == "textarea":
		d.text, d.hasText, d.hasGround = colour{known: true}, true, true // browsers' own, on a ground of their own
	case name == "font":
		if a.size != "" {
			d.unit, d.size = unitPixels, 16
		}
	}
	if a.colour != "" && (name == "font" || name == "body") {
		d.set("color", attributeColour(a.colour))
	}
	if a.ground != "" {
		d.set("background-color", attributeColour(a.ground))
	}
	if a.background != "" {
		d.ground, d.hasGround = colour{}, true
	}
	return d
}

// attributeColour is a colour as attributes have it: the # may be missing.
func attributeColour(value string) string {
	value = strings.ToLower(strings.TrimSpace(value))
	if len(value) == 6 && strings.Trim(value, "0123456789abcdef") == "" {
		return "#" + value
	}
	return value
}
