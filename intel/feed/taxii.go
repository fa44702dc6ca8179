package feed

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"clawback/config"
	"clawback/internal/mailaddr"
)

// taxiiType is what a request accepts: TAXII 2.1, section 1.6.8. Some servers refuse it with a blank in it.
const taxiiType = "application/taxii+json;version=2.1"

// The parameters of a request for objects. A server cuts a limit that is above its own without a word, so that a short
// page says nothing about an end.
const (
	taxiiLimit  = "1000"
	taxiiObject = "indicator"
)

// Bounds on what a server says of itself.
const (
	maxRoots       = 20
	maxCollections = 10_000
	maxToken       = 4 << 10 // bytes of a cursor
)

// taxiiServer asks a server of TAXII 2.1 for one collection.
type taxiiServer struct {
	feed    *config.Feed
	source  source
	limits  limits
	dir     string // for what has to be unpacked
	objects string // where the collection's objects are, as a name for source
}

// taxiiPage is what an answer says beside its objects.
type taxiiPage struct {
	more bool
	next string    // the cursor of the page that follows; "": there is none
	last time.Time // the latest date added of this page; zero: the server does not say
}

// find finds the collection: by its address, or by its name in the API root or the discovery that the feed's url is.
func (t *taxiiServer) find(ctx context.Context) error {
	if t.feed.Collection == "" {
		t.objects = "objects/"
		if strings.HasSuffix(strings.TrimRight(t.feed.URL, "/"), "/objects") {
			t.objects = "./"
		}
		return nil
	}
	roots, err := t.roots(ctx)
	if err != nil {
		return err
	}
	var all []taxiiCollection
	var failed error
	for _, root := range roots {
		some, err := t.collections(ctx, root)
		if err != nil {
			failed = errors.Join(failed, err)
		}
		all = append(all, some...)
	}
	c, err := choose(all, t.feed.Collection)
	if err != nil && failed != nil {
		return failed
	}
	t.objects = c.root + "collections/" + url.PathEscape(c.ID) + "/objects/"
	return err
}

// roots are the API roots that a discovery names: TAXII 2.1, section 4.1. An answer without any is that of an API root
// itself, which is "".
func (t *taxiiServer) roots(ctx context.Context) ([]string, error) {
	var found []string
	at, err := url.Parse(t.feed.URL)
	if err != nil {
		return nil, refuse(Away, "cannot be asked: the url is none")
	}
	_, err = t.read(ctx, "./", func(_ []string, decode func(any) error) error {
		var name string
		if err := decode(&name); err != nil {
			return err
		}
		root, err := at.Parse(name)
		if err != nil || root.Scheme != "https" || root.Host != at.Host {
			return nil // the key is for the feed's own host alone (I6)
		}
		if found = append(found, strings.TrimRight(root.EscapedPath(), "/")+"/"); len(found) > maxRoots {
			return refuse(TooLarge, "has more than %d API roots: write the url of the one that is meant", maxRoots)
		}
		return nil
	}, "api_roots[]")
	if err == nil && len(found) == 0 {
		found = []string{""}
	}
	return found, err
}

// taxiiCollection is what is read of a collection: TAXII 2.1, section 5.2.
type taxiiCollection struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Alias   string `json:"alias"`
	CanRead *bool  `json:"can_read"`
	root    string
}

// collections lists those of an API root.
func (t *taxiiServer) collections(ctx context.Context, root string) (all []taxiiCollection, err error) {
	_, err = t.read(ctx, root+"collections/", func(_ []string, decode func(any) error) error {
		c := taxiiCollection{root: root}
		if err := decode(&c); err != nil {
			return err
		}
		if all = append(all, c); len(all) > maxCollections {
			return refuse(TooLarge, "has more than %d collections", maxCollections)
		}
		return nil
	}, "collections[]")
	return all, err
}

// choose finds a collection by its id, else by its alias, else by its title.
func choose(all []taxiiCollection, name string) (taxiiCollection, error) {
	for _, of := range []func(taxiiCollection) string{
		func(c taxiiCollection) string { return c.ID },
		func(c taxiiCollection) string { return c.Alias },
		func(c taxiiCollection) string { return c.Title },
	} {
		var fit []taxiiCollection
		for _, c := range all {
			if c.ID != "" && mailaddr.Equal(of(c), name) {
				fit = append(fit, c)
			}
		}
		switch {
		case len(fit) > 1:
			return taxiiCollection{}, refuse(Away, "has %d collections of the name %q: write the id of one", len(fit),
				name)
		case len(fit) == 1 && fit[0].CanRead != nil && !*fit[0].CanRead:
			return taxiiCollection{}, refuse(Denied, "does not let this key read the collection %q", name)
		case len(fit) == 1:
			return fit[0], nil
		}
	}
	var names []string
	for _, c := range all[:min(len(all), 5)] {
		names = append(names, cut(c.Title, 60)+" ("+cut(c.ID, 60)+")")
	}
	return taxiiCollection{}, refuse(Away, "has no collection %q that may be seen with this key; there are %d: %s",
		name, len(all), strings.Join(names, ", "))
}

// page asks for one page of the collection's indicators.
func (t *taxiiServer) page(ctx context.Context, after, next string,
	each func(*stixIndicator) error) (taxiiPage, error) {
	q := url.Values{"limit": {taxiiLimit}, "match[type]": {taxiiObject}}
	if after != "" {
		q.Set("added_after", after)
	}
	if next != "" {
		q.Set("next", next)
	}
	var p taxiiPage
	header, err := t.read(ctx, t.objects+"?"+q.Encode(), func(at []string, decode func(any) error) error {
		switch at[0] {
		case "more":
			return decode(&p.more)
		case "next":
			return p.cursor(decode)
		}
		var i stixIndicator
		if err := decode(&i); err != nil || i.Type != taxiiObject { // some servers do not filter
			return err
		}
		return each(&i)
	}, "more", "next", "objects[]")
	p.last = readDate(header.Get("X-TAXII-Date-Added-Last"))
	return p, err
}

// cursor reads next: a text; some servers write a number.
func (p *taxiiPage) cursor(decode func(any) error) error {
	var raw json.RawMessage
	if err := decode(&raw); err != nil {
		return err
	}
	if json.Unmarshal(raw, &p.next) != nil {
		p.next = string(raw)
	}
	if len(p.next) > maxToken {
		return refuse(Format, "has a cursor of %d bytes", len(p.next))
	}
	return nil
}

// read reads one answer of the server's.
func (t *taxiiServer) read(ctx context.Context, name string, found finder, paths ...string) (http.Header, error) {
	a, err := t.source.get(ctx, name, validators{})
	if err != nil {
		return nil, err
	}
	defer a.body.Close()
	if err := checkTAXIIType(a.header.Get("Content-Type")); err != nil {
		return nil, err
	}
	body, err := unpack(a.body, t.limits, t.dir)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	_, err = walk(body, found, paths...)
	return a.header, err
}

// checkTAXIIType refuses an answer of another version. Servers write the type in several ways; that it is no JSON, its
// reader finds out.
func checkTAXIIType(contentType string) error {
	plain := strings.NewReplacer(" ", "", "\t", "", `"`, "").Replace(mailaddr.Lower(contentType))
	if _, version, says := strings.Cut(plain, "version="); says && !strings.HasPrefix(version, "2.1") {
		return refuse(Format, "answers in %s: TAXII 2.1 is read alone", cut(contentType, 100))
	}
	return nil
}

// taxiiProblem is what an error of a TAXII server says: TAXII 2.1, section 3.6.1.
func taxiiProblem(body []byte) string {
	var e struct {
		Title       string `json:"title"`
		Description string `json:"description"`
	}
	if json.Unmarshal(body, &e) != nil || e.Title+e.Description == "" {
		return ""
	}
	return ": " + detailOf(strings.TrimSpace(e.Title+" "+e.Description))
}
