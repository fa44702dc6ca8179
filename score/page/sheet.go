package page

import "strings"

// sheet is what the style sheets of a page say of elements by name, class or id alone. Rules that ask for more are left
// out: they lay out what they name, and hardly ever hide it.
type sheet struct {
	names    map[string]*rule // p
	classes  map[string]*rule // .preview
	ids      map[string]*rule // #top
	compound map[string]*rule // p.preview, p#top
	count    int
	bytes    int  // of all style sheets
	colours  bool // a rule that was left out sets colours: what is white on white by the others may not be
	full     bool // there was more than is kept
}

type rule struct{ normal, important declared }

// add reads the text of a style element.
func (s *sheet) add(text string) {
	if s.bytes += len(text); s.bytes > maxSheets {
		s.full = true
		return
	}
	s.read(withoutComments(text), 1)
}

// read takes the rules of a sheet, or of a block in it.
func (s *sheet) read(text string, depth int) {
	for {
		open := strings.IndexByte(text, '{')
		if open < 0 {
			return
		}
		selectors := strings.TrimSpace(text[:open])
		if semicolon := strings.LastIndexByte(selectors, ';'); semicolon >= 0 { // @import, @charset
			selectors = strings.TrimSpace(selectors[semicolon+1:])
		}
		if strings.HasPrefix(selectors, "@") {
			end := closing(text[open+1:])
			inside := text[open+1 : open+1+end]
			text = text[min(open+1+end+1, len(text)):]
			s.block(strings.ToLower(selectors), inside, depth)
			continue
		}
		end := strings.IndexByte(text[open:], '}')
		if end < 0 {
			end = len(text) - open
		}
		s.rule(selectors, text[open+1:min(open+end, len(text))])
		text = text[min(open+end+1, len(text)):]
	}
}

// block reads the rules of an @media that holds on a screen of ordinary size.
func (s *sheet) block(head, inside string, depth int) {
	if !strings.HasPrefix(head, "@media") {
		return
	}
	if depth >= maxWithin {
		s.full = true
		return
	}
	for _, narrow := range []string{"max-", "print", "prefers-", "orientation", "not ", "handheld", "device-pixel"} {
		if strings.Contains(head, narrow) {
			s.colours = s.colours || strings.Contains(inside, "color") || strings.Contains(inside, "background")
			return
		}
	}
	s.read(inside, depth+1)
}

// rule keeps the declarations of one rule for each of its selectors.
func (s *sheet) rule(selectors, body string) {
	normal, important := declarations(body)
	if normal == (declared{}) && important == (declared{}) {
		return
	}
	for selector := range strings.SplitSeq(selectors, ",") {
		selector = strings.ToLower(strings.TrimSpace(selector))
		if selector == "" || strings.ContainsAny(selector, " \t\r\n>+~:[*") ||
			strings.Count(selector, ".")+strings.Count(selector, "#") > 1 {
			s.colours = s.colours || normal.hasText || normal.hasGround || important.hasText || important.hasGround
			continue
		}
		s.keep(selector, rule{normal, important})
	}
}

func (s *sheet) keep(selector string, r rule) {
	key, in := selector, &s.names
	switch at := strings.IndexAny(selector, ".#"); {
	case at < 0:
	case at > 0:
		in = &s.compound
	case selector[0] == '.':
		key, in = selector[1:], &s.classes
	default:
		key, in = selector[1:], &s.ids
	}
	if *in == nil {
		*in = map[string]*rule{}
	}
	have := (*in)[key]
	if have == nil {
		if s.count++; s.count > maxRules {
			s.full = true
			return
		}
		have = &rule{}
		(*in)[key] = have
	}
	have.normal.add(r.normal)
	have.important.add(r.important)
}

// matching are the rules that hold for an element, the weakest first.
func (s *sheet) matching(name, class, id string) []*rule {
	if s.count == 0 {
		return nil
	}
	var all []*rule
	add := func(r *rule) {
		if r != nil {
			all = append(all, r)
		}
	}
	add(s.names[name])
	count := 0
	for one := range strings.FieldsSeq(strings.ToLower(class)) {
		if count++; count > maxClasses {
			s.full = true
			break
		}
		add(s.classes[one])
		if s.compound != nil {
			add(s.compound[name+"."+one])
		}
	}
	if id = strings.ToLower(id); id != "" {
		add(s.ids[id])
		if s.compound != nil {
			add(s.compound[name+"#"+id])
		}
	}
	return all
}

// of is what is declared for an element: by the sheet, over that by its own style, and over both by what is important.
func (s *sheet) of(name, class, id string, own rule) declared {
	all := s.matching(name, class, id)
	var d declared
	for _, r := range all {
		d.add(r.normal)
	}
	d.add(own.normal)
	for _, r := range all {
		d.add(r.important)
	}
	d.add(own.important)
	return d
}

// closing is where the brace that ends a block stands, or the length of the text.
func closing(text string) int {
	depth := 1
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(text)
}

// withoutComments takes out comments, and the marks that hide a style sheet from old browsers.
func withoutComments(text string) string {
	if !strings.Contains(text, "/*") && !strings.Contains(text, "<!--") {
		return text
	}
	var out strings.Builder
	for {
		before, after, found := strings.Cut(text, "/*")
		out.WriteString(before)
		if !found {
			return strings.NewReplacer("<!--", "", "-->", "").Replace(out.String())
		}
		_, text, _ = strings.Cut(after, "*/")
	}
}
