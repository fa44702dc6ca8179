package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"clawback/verdict"
)

// Feed is a list of indicators that somebody publishes, and how far it is believed.
type Feed struct {
	Name   string // label, in lower case
	Format string // text, csv, json, misp, stix, taxii
	Kind   string // url, domain, ip, sha256, email; "": each entry says it itself

	URL             string // https, with KeyMark where the key stands; of the folder for misp. "": File
	Collection      string `json:",omitempty"` // of taxii: id, alias or title; "": URL is that of the collection
	File            string // a file, or a folder for misp. "": URL
	Auth            string // none, url, header, bearer, basic
	AuthHeader      string // the header's name, for header
	KeyFile         string
	Key             Secret
	CAFile          string         // roots for the server's certificate; "": the system's
	PrivateNetworks []netip.Prefix // addresses that are not public and may be connected to

	Interval  time.Duration // between two looks at the list
	Lifetime  time.Duration // of an entry: since its own date, or since the list last had it
	Complete  bool          // what leaves the list is withdrawn; else it has the newest alone, and what leaves lives on
	FullRead  time.Duration `json:",omitzero"` // of taxii: between two reads of the whole collection
	MaxShrink float64       // percent that the list may lose at once; Off: any part
	MaxGrowth int           // times as long as before that the list may get at once; Off: any

	Disposition   verdict.Disposition // the most that an exact match makes of a message: Malicious or Suspicious
	Confidence    int                 // 0 to 100, of an entry that says none
	MinConfidence int                 // entries below it are left out

	Columns   FeedColumns // of csv, and the keys of json's objects
	Where     []Condition // all must hold of a row or object
	Header    string      // of csv: comment, first, none. With none, columns are numbers from 1
	Delimiter rune        // of csv
	Comment   string      // what begins a line of text or csv that is none of the list; "": nothing does
	Path      string      // of json: where the entries are, as in data[].items[]
}

// FeedColumns name the columns, or keys, by what they hold; "" where there is none.
type FeedColumns struct{ Value, Kind, Confidence, Date, Detail, Compromised string }

// Condition wants one value in a column, whatever its case.
type Condition struct{ Column, Value string }

// KeyMark stands in a feed's URL where its key belongs.
const KeyMark = "{key}"

// The kinds and formats of a feed.
var (
	feedKinds   = []string{"url", "domain", "ip", "sha256", "email"}
	feedFormats = []string{"text", "csv", "json", "misp", "stix", "taxii"}
)

// The least intervals: abuse.ch makes its lists every five minutes, and asks not to be asked more often.
const (
	leastFeedInterval = 5 * time.Minute
	leastFileInterval = 10 * time.Second
)

// maxFeeds bounds what one daemon looks at: all are read by one goroutine, in turn.
const maxFeeds = 100

// Intel is what all feeds are read by.
type Intel struct {
	WarningLists []string // files with names that good mail has too
}

func readIntel(t *table) Intel {
	files := t.list("warning_lists", nil, func(name string) (string, error) {
		path, err := t.r.resolve(name)
		if err == nil {
			_, err = readFile(path, false)
		}
		return path, err
	})
	return Intel{WarningLists: files}
}

func readFeeds(t *table) []Feed {
	var feeds []Feed
	for _, t := range t.tables("feed") {
		f := readFeed(t)
		if f.Name != "" && slices.ContainsFunc(feeds, func(o Feed) bool { return o.Name == f.Name }) {
			t.wrong("name", fmt.Sprintf("%q is there twice", f.Name), "choose another name")
		}
		if feeds = append(feeds, f); len(feeds) == maxFeeds+1 {
			t.wrong("name", fmt.Sprintf("is the name of feed %d", maxFeeds+1),
				fmt.Sprintf("a daemon reads %d feeds at most", maxFeeds))
		}
	}
	return feeds
}

func readFeed(t *table) Feed {
	preset := t.text("preset", "")
	p, known := feedPresets()[preset]
	if preset != "" && !known {
		t.wrong("preset", fmt.Sprintf("%q is not known", preset), didYouMean(preset, presetNames()))
	}
	if p.keyed != "" && t.has("key_file") {
		p.url, p.interval = p.keyed, p.keyedInterval
	}
	f := Feed{
		Name:   t.need("name", `name the feed, as in "urlhaus"`, feedName),
		Format: t.choice("format", or(p.format, "text"), feedFormats...),
	}
	if f.Kind = t.text("kind", p.kind); f.Kind != "" {
		f.Kind = t.choice("kind", p.kind, feedKinds...)
	}
	readFeedSource(t, &f, p)
	readFeedLife(t, &f, p)
	readFeedTrust(t, &f, p)
	readFeedForm(t, &f, p)
	return f
}

// feedName passes a name that also names files.
func feedName(s string) (string, error) {
	s, err := label(s)
	if err == nil && (len(s) > 64 || strings.HasPrefix(s, ".")) {
		return "", bad(s, "is not a name", "use at most 64 lower-case letters, digits, - and _")
	}
	return s, err
}

// readFeedSource reads where the list is, and who may read it.
func readFeedSource(t *table, f *Feed, p preset) {
	f.File = t.filePath("file")
	if given := t.text("url", ""); given != "" || !t.has("file") {
		f.URL = t.word("url", p.url, feedURL)
	}
	switch {
	case t.has("file") && t.has("url"):
		t.wrong("file", "and url are both there", "keep one of them")
	case f.File == "" && f.URL == "" && !t.has("file") && t.text("url", p.url) == "":
		t.wrong("url", "is missing", "write the https URL of the list, or name a file")
	}
	f.KeyFile, f.Key = t.secret("key_file")
	marked := strings.Contains(f.URL, KeyMark)
	auth := "none"
	if marked {
		auth = "url"
	}
	f.Auth = t.choice("auth", or(p.auth, auth), "none", "url", "header", "bearer", "basic")
	f.AuthHeader = t.word("auth_header", p.authHeader, headerName)
	f.CAFile = t.file("ca_file")
	checkCollection(t, f)
	if t.has("private_networks") {
		f.PrivateNetworks = t.prefixes("private_networks")
	}
	checkFeedKey(t, f, marked)
}

// checkCollection wants of taxii to be told one collection of a server.
func checkCollection(t *table, f *Feed) {
	f.Collection = t.text("collection", "")
	if f.Format != "taxii" {
		f.Collection = ""
		return
	}
	switch {
	case f.File != "":
		t.wrong("file", "is no server", `format = "taxii" reads from a url; a bundle in a file is format = "stix"`)
	case f.URL != "" && f.Collection == "" && !strings.Contains(f.URL, "/collections/"):
		t.wrong("collection", "is missing", "write the id or the title of the collection, or let the url be that of "+
			"the collection: https://host/root/collections/ID/")
	case f.URL != "" && f.Collection != "" && strings.Contains(f.URL, "/collections/"):
		t.wrong("collection", "and the url name a collection each",
			"keep one of them: with collection, the url is that of the API root or of the discovery")
	}
}

// checkFeedKey wants a key exactly where one is used.
func checkFeedKey(t *table, f *Feed, marked bool) {
	switch {
	case f.URL == "":
		if t.has("key_file") {
			t.wrong("key_file", "is of no use for a file", "remove the line")
		}
	case f.Auth != "none" && !t.has("key_file"):
		t.wrong("key_file", "is missing", "name the file with the key that the publisher gave you")
	case f.Auth == "none" && t.has("key_file"):
		t.wrong("auth", `is "none", and there is a key_file`,
			`write auth = "header", "bearer" or "basic", or put {key} into the url where the key belongs`)
	case f.Auth == "url" != marked:
		t.wrong("url", `and auth do not fit each other`, `{key} stands in the url if auth is "url", and only then`)
	case f.Auth == "header" && f.AuthHeader == "" && !t.has("auth_header"):
		t.wrong("auth_header", "is missing", `name the header, as in "Auth-Key"`)
	case f.Auth == "basic" && f.Key.Reveal() != "" && !strings.Contains(f.Key.Reveal(), ":"):
		t.wrong("key_file", "does not hold user:password", "write both on its first line, with a colon between them")
	case strings.ContainsFunc(f.Key.Reveal(), func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		t.wrong("key_file", "holds more than a key",
			"write the key alone on its first line, in ASCII and without blanks")
	}
}

// headerName passes the name of a header of HTTP that may carry a key.
func headerName(s string) (string, error) {
	for _, c := range s {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return "", bad(s, "is not the name of a header", `write it as in "Auth-Key"`)
		}
	}
	return s, nil
}

// feedURL passes an https URL in which the key may be marked. What is wrong is told without the URL: it may hold a key.
func feedURL(s string) (string, error) {
	const hint = "write it as in https://host.example.com/path, with {key} where the key of key_file belongs"
	u, err := url.Parse(strings.ReplaceAll(s, KeyMark, "key"))
	host, _, _ := strings.Cut(strings.TrimPrefix(s, "https://"), "/")
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "" ||
		strings.Contains(host, KeyMark) {
		return "", bad(s, "is not an https URL", hint)
	}
	return s, nil
}

// readFeedLife reads when the list is looked at, and how long its entries live.
func readFeedLife(t *table, f *Feed, p preset) {
	least := leastFeedInterval
	if f.File != "" {
		least = leastFileInterval
	}
	f.Interval = t.duration("interval", or(p.interval, "1h"), least)
	f.Lifetime = t.duration("lifetime", or(p.lifetime, "30d"), time.Hour)
	f.Complete = t.flag("complete", !p.window)
	if every := t.duration("full_read", "7d", time.Hour); f.Format == "taxii" {
		f.FullRead = every
	}
	f.MaxShrink = t.share("max_shrink_percent", 50)
	f.MaxGrowth = t.limit("max_growth", 10)
}

// readFeedTrust reads what an entry can make of a message.
func readFeedTrust(t *table, f *Feed, p preset) {
	f.Disposition = verdict.Malicious
	if t.choice("disposition", or(p.disposition, "malicious"), "suspicious", "malicious") == "suspicious" {
		f.Disposition = verdict.Suspicious
	}
	f.Confidence = t.outOf100("confidence", 100)
	f.MinConfidence = t.outOf100("min_confidence", p.minConfidence)
}

// outOf100 reads a whole number from 0 to 100.
func (t *table) outOf100(key string, fallback int) int {
	n := t.number(key, fallback, 0)
	if n > 100 {
		t.wrong(key, fmt.Sprintf("is %d", n), fmt.Sprintf("use a number from 0 to 100; the default is %d", fallback))
	}
	return n
}

// readFeedForm reads how the list is written.
func readFeedForm(t *table, f *Feed, p preset) {
	c := t.table("columns")
	f.Columns = FeedColumns{
		Value: c.text("value", p.columns.Value), Kind: c.text("kind", p.columns.Kind),
		Confidence: c.text("confidence", p.columns.Confidence), Date: c.text("date", p.columns.Date),
		Detail: c.text("detail", p.columns.Detail), Compromised: c.text("compromised", p.columns.Compromised),
	}
	f.Header = t.choice("header", or(p.header, "first"), "comment", "first", "none")
	for _, w := range t.list("where", p.where, condition) {
		column, value, _ := strings.Cut(w, "=")
		f.Where = append(f.Where, Condition{strings.TrimSpace(column), strings.TrimSpace(value)})
	}
	f.Comment = t.plain("comment", "#")
	if strings.ContainsFunc(f.Comment, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '"' }) {
		t.wrong("comment", fmt.Sprintf("is %q", f.Comment),
			`write what begins such a line, as in "#", or "" for nothing`)
	}
	f.Path = t.word("path", "", jsonPath)
	delimiter := t.plain("delimiter", ",")
	if len(delimiter) != 1 || strings.ContainsAny(delimiter, "\"\r\n\x00") {
		t.wrong("delimiter", fmt.Sprintf("is %q", delimiter), `write one character, as in ";" or "\t"`)
		delimiter = ","
	}
	f.Delimiter = rune(delimiter[0])
	checkFeedForm(t, c, f)
}

// checkFeedForm wants of a format what it cannot be read without.
func checkFeedForm(t, columns *table, f *Feed) {
	tabular := f.Format == "csv" || f.Format == "json"
	switch {
	case f.Format == "json" && f.Path == "" && !t.has("path"):
		t.wrong("path", "is missing", `say where the entries are, as in "data[]"; "[]" for a list`)
	case f.Format == "csv" && f.Columns.Value == "":
		columns.wrong("value", "is missing", "name the column that holds the indicator")
	case (tabular || f.Format == "text") && f.Kind == "" && f.Columns.Kind == "" && !t.has("kind"):
		t.wrong("kind", "is missing", "use one of "+strings.Join(feedKinds, ", "))
	}
	if f.Format != "csv" || f.Header != "none" {
		return
	}
	n := f.Columns
	for key, name := range map[string]string{"value": n.Value, "kind": n.Kind, "confidence": n.Confidence,
		"date": n.Date, "detail": n.Detail, "compromised": n.Compromised} {
		if n, err := strconv.Atoi(name); name != "" && (err != nil || n < 1 || n > 1000) {
			columns.wrong(key, fmt.Sprintf("is %q", name), `with header = "none", columns are numbers from "1"`)
		}
	}
}

// plain reads a string with the blanks around it.
func (t *table) plain(key, fallback string) string {
	t.note(key, Key{Kind: "text", Default: quoted(fallback)})
	return get(t, key, fallback, "a string in quotes")
}

// condition passes column=value.
func condition(s string) (string, error) {
	if column, _, found := strings.Cut(s, "="); !found || strings.TrimSpace(column) == "" {
		return "", bad(s, "is not a condition", `write it as in "verified=yes"`)
	}
	return s, nil
}

// jsonPath passes keys with dots between them, each with [] behind it where a list is meant.
func jsonPath(s string) (string, error) {
	for part := range strings.SplitSeq(s, ".") {
		name := strings.TrimSuffix(part, "[]")
		if part == "" || strings.ContainsAny(name, "[]") || name == "" && s != part && !strings.HasPrefix(s, "[]") {
			return "", bad(s, "is not a path", `write it as in "data[]", "*.entries[]" or "[]"`)
		}
	}
	return s, nil
}

// or is the first of two texts that is not empty.
func or(s, fallback string) string {
	if s != "" {
		return s
	}
	return fallback
}
