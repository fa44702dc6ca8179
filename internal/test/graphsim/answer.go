package graphsim

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// answer is what a handler says. Exactly one of body, raw and code is used; none of them: no content.
type answer struct {
	status        int
	body          any    // as JSON
	raw           []byte // as it is
	code, message string // of an error object
	header        http.Header
	applied       bool // something was changed
}

func failed(status int, code, message string) answer {
	return answer{status: status, code: code, message: message}
}

func found(body any) answer { return answer{status: http.StatusOK, body: body} }

func badRequest(code string, err error) answer {
	return failed(http.StatusBadRequest, code, err.Error())
}

func (a answer) write(w http.ResponseWriter, requestID string) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	switch {
	case a.code != "":
		writeJSON(w, a.status, errorObject(a.code, a.message, requestID))
	case a.raw != nil:
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(a.status)
		w.Write(a.raw) // a client that has gone is no concern
	case a.body != nil:
		writeJSON(w, a.status, a.body)
	default:
		w.WriteHeader(a.status)
	}
}

// write gives the faulty answer. A dropped one aborts the connection (HTTP/1.1) or the stream (HTTP/2).
func (f Fault) write(w http.ResponseWriter) {
	if f.Drop {
		panic(http.ErrAbortHandler)
	}
	for name, values := range f.Header {
		w.Header()[name] = values
	}
	if f.RetryAfter != "" {
		w.Header().Set("Retry-After", f.RetryAfter)
	}
	if f.Body == "" && f.Code != "" {
		writeJSON(w, f.Status, errorObject(f.Code, f.Message, w.Header().Get("Request-Id")))
		return
	}
	kind := f.Type
	if kind == "" {
		kind = "application/json"
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(f.Status)
	w.Write([]byte(strings.TrimSpace(f.Body))) // a client that has gone is no concern
}

func errorObject(code, message, requestID string) map[string]any {
	return map[string]any{"error": map[string]any{
		"code": code, "message": message,
		"innerError": map[string]any{
			"date": time.Now().UTC().Format("2006-01-02T15:04:05"), "request-id": requestID,
			"client-request-id": requestID,
		},
	}}
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body) // a client that has gone is no concern
}
