package graphsim

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

var errQuery = errors.New("invalid query option")

// parseQuery reads the query options. It is strict: what is not percent-encoded correctly, given twice or not known
// is an error, because a real service either refuses it or answers something else than was meant.
func parseQuery(raw string) (url.Values, error) {
	out := url.Values{}
	for _, pair := range strings.Split(raw, "&") {
		if pair == "" {
			continue
		}
		name, text, _ := strings.Cut(pair, "=")
		key, err := url.QueryUnescape(name)
		if err != nil {
			return nil, fmt.Errorf("%w: %s", errQuery, name)
		}
		value, err := url.QueryUnescape(text) // a plus sign is a space
		if err != nil {
			return nil, fmt.Errorf("%w: value of %s", errQuery, key)
		}
		switch key {
		case "$filter", "$select", "$top", "$skip", "$orderby", "$count":
		default:
			return nil, fmt.Errorf("%w: %s", errQuery, key)
		}
		if out.Has(key) {
			return nil, fmt.Errorf("%w: %s stands there twice", errQuery, key)
		}
		out.Set(key, value)
	}
	return out, nil
}

// page is the part of a list that is asked for.
type page struct {
	filter    expr
	top, skip int
	fields    []string
}

func (r *request) page(size int) (page, error) {
	p := page{top: size}
	var err error
	if text := r.query.Get("$filter"); r.query.Has("$filter") {
		if p.filter, err = parseFilter(text); err != nil {
			return p, err
		}
	}
	if p.top, err = number(r.query, "$top", size, 1000); err != nil {
		return p, err
	}
	if p.skip, err = number(r.query, "$skip", 0, 1<<30); err != nil {
		return p, err
	}
	if text := r.query.Get("$select"); text != "" {
		p.fields = strings.Split(text, ",")
	}
	return p, nil
}

func number(q url.Values, name string, otherwise, most int) (int, error) {
	if !q.Has(name) {
		return otherwise, nil
	}
	n, err := strconv.Atoi(q.Get(name))
	if err != nil || n < 0 || n > most || (name == "$top" && n == 0) {
		return 0, fmt.Errorf("%w: %s", errQuery, name)
	}
	return n, nil
}

// missing marks a property that exists but has no value in this answer.
type missing struct{}

var absent any = missing{}

// pick keeps the selected properties; id and annotations always come along. Without a selection, those named in
// hidden are left out: they come only when they are asked for.
func pick(o object, fields []string, hidden ...string) (object, error) {
	out := object{}
	if fields == nil {
		for key, v := range o {
			out[key] = v
		}
		for _, key := range hidden {
			delete(out, key)
		}
		return out.present(), nil
	}
	for key, v := range o {
		if key == "id" || strings.HasPrefix(key, "@") {
			out[key] = v
		}
	}
	for _, field := range fields {
		field = strings.TrimSpace(field)
		if _, err := property(o, field); err != nil {
			return nil, err
		}
		for key, v := range o {
			if strings.EqualFold(key, field) {
				out[key] = v
			}
		}
	}
	return out.present(), nil
}

func (o object) present() object {
	for key, v := range o {
		if v == absent {
			delete(o, key)
		}
	}
	return o
}

// list makes the answer of a collection, with the link to the next page when there is one.
func (s *Sim) list(r *request, p page, all []object) answer {
	body := object{"@odata.context": s.base + "/v1.0/$metadata#" + string(r.call.Route)}
	all = all[min(p.skip, len(all)):]
	if len(all) > p.top {
		all = all[:p.top]
		next := url.Values{}
		for key, values := range r.query {
			next[key] = values
		}
		next.Set("$skip", strconv.Itoa(p.skip+p.top))
		body["@odata.nextLink"] = s.base + r.URL.EscapedPath() + "?" + next.Encode()
	}
	if all == nil {
		all = []object{}
	}
	body["value"] = all
	return found(body)
}
