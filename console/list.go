package console

import (
	"cmp"
	"net/url"
	"slices"

	"clawback/api"
)

// paging is the part of a list that a page asks for.
func paging(v *visit) api.Paging {
	return api.Paging{Cursor: v.URL.Query().Get("cursor"), Limit: pageLength}
}

// nextOf is the address of the next part of a list; "" where there is none.
func nextOf(v *visit, cursor string) string {
	if cursor == "" {
		return ""
	}
	q := v.URL.Query()
	q.Set("cursor", cursor)
	return v.URL.Path + "?" + q.Encode()
}

// said is an address with a word for what was done, which its page shows as a sentence.
func said(path, word string) string {
	u, err := url.Parse(path)
	if err != nil {
		return path
	}
	q := u.Query()
	q.Set("said", word)
	u.RawQuery = q.Encode()
	return u.String()
}

// sentences are what pages say after something was done. Only these are shown, whatever an address says.
var sentences = map[string]string{
	"retracted": "It is being taken out of the mailboxes below.",
	"restored":  "It is being put back. No automatism touches it again.",
	"corrected": "Your word counts from now on.",
	"settled":   "It is settled.",
	"added":     "It was added, and acts from now on.",
	"removed":   "It was removed.",
	"approved":  "It was approved.",
	"fetched":   "The lists were looked at.",
	"retried":   "It is tried again.",
}

// sortBars puts the longest first.
func sortBars(bars []bar) []bar {
	slices.SortFunc(bars, func(a, b bar) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Label, b.Label))
	})
	return scale(bars)
}

// tenantOf is the tenant that a page is about: the one that is asked for, or the first that the person may see.
func tenantOf(v *visit) string {
	if name := v.URL.Query().Get("tenant"); name != "" {
		return name
	}
	if len(v.status.Tenants) > 0 {
		return v.status.Tenants[0].ID
	}
	return ""
}
