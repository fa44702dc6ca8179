package rdap

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"clawback/internal/lastgood"
)

// Limits that a list must keep to be believed. IANA's of 2026 has 90 KB, 1,200 top-level domains and 600 servers.
const (
	maxList    = 4 << 20
	maxEntries = 20_000
	maxChange  = 2 // times as few entries as before
)

// list says which server knows the domains under a suffix: RFC 9224, sections 3 and 4.
type list struct {
	published time.Time           // zero: not said
	servers   map[string]*url.URL // by suffix, lower case, in A-labels; a URL is never changed
}

// parseList reads IANA's dns.json. A suffix whose servers speak no https has none: an answer that anybody on the way
// could change must not decide about mail.
func parseList(data []byte) (*list, error) {
	var file struct {
		Publication string       `json:"publication"`
		Services    [][][]string `json:"services"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("decode list: %w", err)
	}
	l := &list{servers: map[string]*url.URL{}}
	l.published, _ = time.Parse(time.RFC3339, file.Publication) // RFC 9224, section 3
	for i, service := range file.Services {
		if len(service) != 2 {
			return nil, fmt.Errorf("service %d of the list has %d parts, not suffixes and servers", i, len(service))
		}
		server := secure(service[1])
		for _, suffix := range service[0] {
			if suffix = strings.ToLower(strings.Trim(suffix, ".")); suffix != "" && server != nil {
				l.servers[suffix] = server
			}
		}
		if len(l.servers) > maxEntries {
			return nil, fmt.Errorf("list has more than %d entries", maxEntries)
		}
	}
	if len(l.servers) == 0 {
		return nil, errors.New("list names no server")
	}
	return l, nil
}

// secure picks the first https URL. RFC 9224, section 3 wants those tried first; here they are the only ones.
func secure(urls []string) *url.URL {
	for _, text := range urls {
		if u, err := url.Parse(text); err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil &&
			u.RawQuery == "" {
			return u
		}
	}
	return nil
}

// server is the one for a domain: that of the longest suffix, label by label (RFC 9224, section 4). nil: none is known.
func (l *list) server(domain string) *url.URL {
	for suffix := domain; suffix != ""; _, suffix, _ = strings.Cut(suffix, ".") {
		if server, ok := l.servers[suffix]; ok {
			return server
		}
	}
	return nil
}

// checkChange refuses a list that lost too much (I5), or that was published before the one in use, as a cache on the
// way may give it. A date of the future does not count: no list would be taken until then.
func checkChange(old, found lastgood.Copy[*list]) error {
	was, is := old.List, found.List
	if len(is.servers)*maxChange < len(was.servers) {
		return fmt.Errorf("list has %d entries and the one in use %d: not believed", len(is.servers), len(was.servers))
	}
	if !is.published.IsZero() && is.published.Before(was.published) &&
		was.published.Before(old.Fetched.Add(clockSkew)) {
		return fmt.Errorf("list is of %s and the one in use of %s", is.published.Format(time.RFC3339),
			was.published.Format(time.RFC3339))
	}
	return nil
}
