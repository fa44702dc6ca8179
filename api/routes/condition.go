package routes

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"clawback/api"
)

// conditionOf has the operation keep to a request's If-Match (RFC 9110, section 13.1.1).
func conditionOf(ctx context.Context, r *http.Request) context.Context {
	if r.Method == http.MethodGet || len(r.Header.Values("If-Match")) == 0 {
		return ctx
	}
	return api.IfMatch(ctx, tagsOf(r, "If-Match"))
}

// tagsOf are the entity tags of a field, "*" among them. A weak one is left out: it never matches strongly.
func tagsOf(r *http.Request, field string) []string {
	tags := []string{}
	for _, one := range strings.Split(strings.Join(r.Header.Values(field), ","), ",") {
		if one = strings.TrimSpace(one); one == "*" || strings.HasPrefix(one, `"`) {
			tags = append(tags, one)
		}
	}
	return tags
}

// tag gives what is read its entity tag, and reports whether the client has it already.
func tag(w http.ResponseWriter, r *http.Request, answer any) (unchanged bool) {
	etag := api.ETag(answer)
	w.Header().Set("ETag", etag)
	return slices.Contains(tagsOf(r, "If-None-Match"), etag)
}
