package transport

import (
	"encoding/base64"
	"strings"

	"clawback/internal/mailaddr"
)

// claimsOf finds the claims of a challenge by continuous access evaluation, decoded; "" when there is none.
// RFC 6750, section 3: WWW-Authenticate: Bearer realm="", error="insufficient_claims", claims="BASE64".
func claimsOf(challenges []string) string {
	for _, challenge := range challenges {
		params := parameters(challenge)
		if params["error"] != "insufficient_claims" || params["claims"] == "" {
			continue
		}
		text := strings.TrimRight(params["claims"], "=")
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			if decoded, err := encoding.DecodeString(text); err == nil {
				return string(decoded)
			}
		}
	}
	return ""
}

// parameters reads name="value" pairs. Values may hold commas.
func parameters(challenge string) map[string]string {
	out := map[string]string{}
	_, rest, _ := strings.Cut(strings.TrimSpace(challenge), " ")
	for rest != "" {
		name, after, found := strings.Cut(rest, "=")
		if !found {
			break
		}
		var value string
		if quoted, ok := strings.CutPrefix(after, `"`); ok {
			value, rest, _ = strings.Cut(quoted, `"`)
			_, rest, _ = strings.Cut(rest, ",")
		} else {
			value, rest, _ = strings.Cut(after, ",")
		}
		out[mailaddr.Lower(strings.Trim(name, " ,"))] = strings.TrimSpace(value)
	}
	return out
}
