package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/dustin/go-humanize/english"

	"clawback/api"
	"clawback/internal/visible"
	"clawback/verdict"
)

//go:embed pages assets
var files embed.FS

// parsePages reads the templates: each page within the layout, with the parts that several have.
func parsePages() map[string]*template.Template {
	shared := template.Must(template.New("layout.html").Funcs(functions()).ParseFS(files, "pages/layout.html",
		"pages/parts.html"))
	names, err := fs.Glob(files, "pages/*.html")
	if err != nil {
		panic(err) // the pattern is ours
	}
	pages := map[string]*template.Template{}
	for _, name := range names {
		page := strings.TrimSuffix(path.Base(name), ".html")
		if page != "layout" && page != "parts" {
			pages[page] = template.Must(template.Must(shared.Clone()).ParseFS(files, name))
		}
	}
	return pages
}

// functions are what templates can call beside html/template's own.
func functions() template.FuncMap {
	return template.FuncMap{
		"address": address, "asset": assetPath, "bytes": byteCount, "clip": clip, "defang": defang, "iso": iso,
		"lower": strings.ToLower,
		"count": func(n int, noun string) string {
			return humanize.Comma(int64(n)) + " " + english.PluralWord(n, noun, "")
		},
		"num": func(n int) string { return humanize.Comma(int64(n)) }, "seconds": seconds, "stamp": stamp,
		"words":  func(s any) string { return strings.ReplaceAll(fmt.Sprint(s), "_", " ") },
		"pair":   func(a, b any) [2]any { return [2]any{a, b} },
		"points": func(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) },
		"join":   strings.Join, "nano": func(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) },
		"tone":    func(d verdict.Disposition) string { return "is-" + strings.ToLower(d.String()) },
		"actions": func() []jobAction { return jobActions }, "action": actionText, "outcome": outcomeText,
	}
}

// stamp is a time for people.
func stamp(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}

// iso is a time for programs.
func iso(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// byteCount is a size for people.
func byteCount(n int64) string { return humanize.IBytes(uint64(max(n, 0))) }

// address is a foreign address, cut to a number of characters, that a narrow column breaks where its parts end.
func address(n int, s string) template.HTML {
	return template.HTML(breaks.Replace(template.HTMLEscapeString(clip(n, s)))) // no escape has one of these characters
}

var breaks = strings.NewReplacer("@", "@<wbr>", ".", ".<wbr>")

// seconds is a time span for people.
func seconds(s any) string {
	var n int64
	switch s := s.(type) {
	case int64:
		n = s
	case *int64:
		if s == nil {
			return "–"
		}
		n = *s
	}
	switch d := time.Duration(n) * time.Second; {
	case n == 0:
		return "a second"
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", n)
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", n/60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", n/3600)
	}
	return fmt.Sprintf("%d days", n/86400)
}

// clip cuts a foreign text to a number of characters.
func clip(n int, s string) string {
	if r := []rune(s[:min(len(s), 4*n+4)]); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}

// defang writes an address of the web so that nobody follows it.
func defang(value string) string {
	value = strings.NewReplacer(".", "[.]", "://", "[:]//").Replace(value)
	if len(value) > 4 && strings.EqualFold(value[:4], "http") {
		return "hxxp" + value[4:]
	}
	return value
}

// frame is a page within the layout.
type frame struct {
	view
	Who    api.Principal
	Signed bool
	Groups []menu
	Badges map[string]int
	Status api.Status
}

// menu is a part of the navigation, as one person sees it.
type menu struct {
	Name   string
	Places []menuPlace
}

type menuPlace struct {
	Path, Name string
	Current    bool
	Badge      int
}

// writeFor answers with a page for somebody who has signed in.
func (s *Server) writeFor(w http.ResponseWriter, v *visit, shown view) {
	f := frame{view: shown, Who: v.who, Signed: true, Status: v.status}
	badges := badgesOf(v.status)
	for _, g := range navigation {
		m := menu{Name: g.Name}
		for _, p := range g.Places {
			if v.who.MaySomewhere(p.op) {
				m.Places = append(m.Places, menuPlace{p.Path, p.Name, p.Path == shown.Place, badges[p.Path]})
			}
		}
		if len(m.Places) > 0 {
			f.Groups = append(f.Groups, m)
		}
	}
	s.execute(w, f)
}

// write answers with a page for anybody.
func (s *Server) write(w http.ResponseWriter, _ *http.Request, shown view) {
	s.execute(w, frame{view: shown})
}

func (s *Server) execute(w http.ResponseWriter, f frame) {
	var page bytes.Buffer
	t := s.pages[f.Page]
	err := errors.New("there is no such template")
	if t != nil {
		err = t.ExecuteTemplate(visible.NewWriter(&page), "layout.html", f)
	}
	if err != nil {
		s.o.Log.Error("make a page", "event", "console.failed", "page", f.Page, "error", err)
		http.Error(w, "a fault of clawback: it is in the log", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if f.view.Status != 0 {
		w.WriteHeader(f.view.Status)
	}
	_, _ = w.Write(page.Bytes()) // a browser that is gone needs no answer
}

// hashes are the beginnings of the assets' hashes, so that a browser keeps them until they change.
var hashes = hashAssets()

func hashAssets() map[string]string {
	list, err := fs.ReadDir(files, "assets")
	if err != nil {
		panic(err) // they are embedded
	}
	found := map[string]string{}
	for _, entry := range list {
		text, err := files.ReadFile("assets/" + entry.Name())
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(text)
		found[entry.Name()] = hex.EncodeToString(sum[:6])
	}
	return found
}

func assetPath(name string) string { return "/assets/" + name + "?v=" + hashes[name] }

var assetTypes = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".svg": "image/svg+xml"}

// serveAsset answers with an embedded file.
func serveAsset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	text, err := files.ReadFile("assets/" + path.Base(name))
	if err != nil || hashes[name] == "" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", assetTypes[path.Ext(name)])
	if r.URL.Query().Get("v") == hashes[name] {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	_, _ = w.Write(text)
}
