package score

import (
	"net/url"
	"strings"

	"clawback/score/attach"
	"clawback/score/extract"
	"clawback/score/web"
)

// detectLinkedFiles looks for links to files that run, or lead elsewhere, when they are opened: by the same list of
// extensions as attachments.
func detectLinkedFiles(x *inspection) {
	if x.direct != "in" || x.list || x.bounce || x.trusted {
		return
	}
	for i := range x.mail.Links {
		l := &x.mail.Links[i]
		if !l.Clickable() || l.Plain {
			continue
		}
		file, ok := linkedFile(l)
		if target, redirects := l.Target(); !ok && redirects {
			inner := *l
			inner.URL = target
			file, ok = linkedFile(&inner)
		}
		if ok {
			x.once("link.program", l, "A link at %s leads to the file %q, which runs something when it is opened (%s).",
				web.Defang(l.Host), file.name, file.What)
			return
		}
	}
}

type linked struct {
	attach.Extension
	name string
}

// linkedFile tells the file that a link leads to, where it is of a kind that is worth a word: the last part of the
// path, or what the query calls the file that is downloaded.
func linkedFile(l *extract.Link) (linked, bool) {
	path := l.Path
	if unescaped, err := url.PathUnescape(path); err == nil {
		path = unescaped
	}
	names := []string{path[strings.LastIndexByte(path, '/')+1:]}
	if query, err := url.ParseQuery(l.Query); err == nil {
		for _, key := range []string{"filename", "file", "name", "download", "response-content-disposition", "rscd"} {
			if value := query.Get(key); value != "" {
				names = append(names, strings.Trim(value[strings.LastIndexAny(value, `=/\`)+1:], `"' `))
			}
		}
	}
	for _, name := range names {
		name = strings.ToLower(strings.TrimRight(name, ". "))
		dot := strings.LastIndexByte(name, '.')
		if dot <= 0 {
			continue
		}
		if e := attach.LookUp(name[dot+1:]); e.Link {
			return linked{e, name}, true
		}
	}
	return linked{}, false
}
