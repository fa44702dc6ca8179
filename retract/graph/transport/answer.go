package transport

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Answer is what a service said instead of success, as far as it counts.
type Answer struct {
	Status     int
	Code       string        // Graph's error code, "" when the body had none
	Inner      string        // the innermost code, "" when there is none
	Denied     string        // the known reason in a message of a 403, "" for another; see deniedBy
	Request    string        // request-id
	After      time.Duration // Retry-After, 0 when it was missing, unreadable or over
	TenantWide bool          // the limit that was hit is that of the whole tenant

	UnknownSegment bool // a part of the URL is not known there: the service has no such action; see segmentUnknown
}

// maxRetryAfter bounds what a server can make us wait: longer than a day is a mistake or an attack.
const maxRetryAfter = 24 * time.Hour

// readAnswer takes an answer apart. Body may be HTML, empty, or an object that lacks anything.
func readAnswer(status int, header http.Header, body []byte, now time.Time) Answer {
	a := Answer{Status: status, Request: requestID(header),
		After: retryAfter(header.Get("Retry-After"), clock(header, now))}
	scope := header.Get("X-Ms-Throttle-Scope") // Scope/Limit/ApplicationId/TenantId
	a.TenantWide = strings.HasPrefix(scope, "Tenant")
	var object struct {
		Error errorObject `json:"error"`
	}
	if json.Unmarshal(body, &object) != nil {
		return a // HTML, or cut short: the status alone counts
	}
	a.Code, a.Inner = word(object.Error.Code), word(object.Error.innermost())
	a.Denied = deniedBy(object.Error.Message)
	a.UnknownSegment = segmentUnknown(object.Error.Message)
	if a.Request == "" {
		a.Request = word(object.Error.requestID())
	}
	return a
}

// errorObject is Graph's error. encoding/json matches names without case: innererror and innerError both occur.
type errorObject struct {
	Code       string       `json:"code"`
	Message    string       `json:"message"`
	InnerError *errorObject `json:"innerError"`
	RequestID  string       `json:"request-id"`
}

// innermost follows the inner errors, whose codes get more exact.
func (e *errorObject) innermost() string {
	code := ""
	const depth = 8
	for i := 0; e.InnerError != nil && i < depth; i++ {
		e = e.InnerError
		if e.Code != "" {
			code = e.Code
		}
	}
	return code
}

func (e *errorObject) requestID() string {
	if e.InnerError == nil {
		return ""
	}
	return e.InnerError.RequestID
}

// word lets through what looks like a code or an id. Whatever else a server writes there does not reach a log.
func word(s string) string {
	const longest = 80
	if len(s) > longest {
		return ""
	}
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '-', c == '.':
		default:
			return ""
		}
	}
	return s
}

// deniedBy recognises the one message that says more than its code: a legacy ApplicationAccessPolicy. Its code is
// ErrorAccessDenied, which an app without the permission gets as well, and nothing but the message tells the two apart:
// https://learn.microsoft.com/graph/auth-limit-mailbox-access
func deniedBy(message string) string {
	if strings.Contains(message, "Access to OData is disabled") {
		return "policy"
	}
	return ""
}

// segmentUnknown recognises what the OData library of the service writes, with a 400 or a 404 and whatever code, where
// it does not know a part of the URL: "Resource not found for the segment 'permanentDelete'." Its words are fixed
// (Microsoft.OData.Core, RequestUriProcessor_ResourceNotFound), no code stands beside them, and without them a 404 is
// that of a mailbox.
func segmentUnknown(message string) bool {
	return strings.Contains(message, "Resource not found for the segment")
}

func requestID(h http.Header) string {
	if id := word(h.Get("Request-Id")); id != "" {
		return id
	}
	return word(h.Get("X-Ms-Request-Id"))
}

// clock is the server's, where it says what it is: a date of its is to be read by it, not by ours.
func clock(h http.Header, now time.Time) time.Time {
	if at, err := http.ParseTime(h.Get("Date")); err == nil {
		return at
	}
	return now
}

// retryAfter reads seconds, which Graph also gives with a fraction, or a date. RFC 9110, section 10.2.3.
func retryAfter(text string, now time.Time) time.Duration {
	text = strings.TrimSpace(text)
	if text == "" {
		return 0
	}
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		if !(seconds > 0) { // NaN too
			return 0
		}
		if seconds > maxRetryAfter.Seconds() {
			return maxRetryAfter
		}
		// Up to the next millisecond: never earlier than was said.
		return (time.Duration(seconds*float64(time.Second)) + time.Millisecond - 1).Truncate(time.Millisecond)
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}
