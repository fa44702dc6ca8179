// Package routes offers the operations of package api over HTTP, whatever the door: it reads requests, and writes
// answers.
//
// A door says who asks; all else is here once, so that no door reads a body or answers an error in its own way.
//
// Reads: HTTP requests: the path's values, the query of what only reads, the JSON body of what changes something.
//
// Writes: JSON; bytes where a message is asked for; a problem (RFC 9457) for every error, with the code as its type.
//
// Invariants:
//
//	I1 an argument or a key that is not known is refused, and so is a body that is too large or of another type
//	I2 no list is null
//	I3 who asks is what the door says
//
// Standards: RFC 9110, RFC 9457.
package routes

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"reflect"

	"clawback/api"
	"clawback/api/idempotency"
)

// OperatorHeader bears the name that a client says its user has: $SUDO_USER, or the user's own. What it is worth is the
// door's to say.
const OperatorHeader = "X-Clawback-Operator"

// Door is what a door knows beside the operations.
type Door struct {
	Service *api.Service
	Who     func(*http.Request) (api.Principal, error) // the principal that the door has proven
	Log     *slog.Logger
	Keys    *idempotency.Desk // under which requests are carried out once; nil: none may be sent
	// Around puts what a door does of its own around each operation; nil: nothing.
	Around func(op api.Any, next http.Handler) http.Handler
}

// Handler answers every operation, and with what describes them.
func (d Door) Handler() *http.ServeMux {
	mux := http.NewServeMux()
	for _, op := range api.Operations() {
		var handler http.Handler = d.handler(op)
		if d.Around != nil {
			handler = d.Around(op, handler)
		}
		mux.Handle(op.Row().Route, handler)
	}
	mux.HandleFunc("GET /v1/openapi.json", func(w http.ResponseWriter, r *http.Request) {
		if _, err := d.Who(r); err != nil {
			WriteProblem(w, err)
			return
		}
		writeText(w, "application/json", http.StatusOK, api.OpenAPI)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		WriteProblem(w, &api.Error{Code: api.NoSuchRoute,
			Detail: r.Method + " " + r.URL.Path + " is no operation here"})
	})
	return mux
}

func (d Door) handler(op api.Any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if op.Row().Acts() {
			key, err := keyOf(r)
			if err == nil && key != "" {
				err = d.once(w, r, op, key)
			}
			if err != nil {
				d.refuse(w, op.Row(), err)
			}
			if err != nil || key != "" {
				return
			}
		}
		answer, err := d.call(op, r)
		if err != nil {
			d.refuse(w, op.Row(), err)
			return
		}
		if stream, ok := answer.(api.Stream); ok {
			d.copy(w, op.Row(), stream)
			return
		}
		if op.Row().Reads() && tag(w, r, answer) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		WriteJSON(w, http.StatusOK, answer)
	}
}

func (d Door) call(op api.Any, r *http.Request) (any, error) {
	who, err := d.Who(r)
	if err != nil {
		return nil, err
	}
	request := op.NewRequest()
	if err := decode(r, request); err != nil {
		return nil, err
	}
	return op.DoAny(conditionOf(r.Context(), r), d.Service, who, request)
}

// refuse answers an error. What is a fault of ours is logged too: nobody else will look for it.
func (d Door) refuse(w http.ResponseWriter, op api.Operation, err error) {
	if api.CodeOf(err) == api.Internal && d.Log != nil {
		d.Log.Error("an operation failed", "event", "api.failed", "operation", op.Name, "error", err)
	}
	WriteProblem(w, err)
}

// copy answers with bytes. Where they end too early the connection is cut, so that nobody takes a part for the whole.
func (d Door) copy(w http.ResponseWriter, op api.Operation, stream api.Stream) {
	defer stream.Close()
	w.Header().Set("Content-Type", stream.Type)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if _, err := io.Copy(w, stream); err != nil {
		if d.Log != nil {
			d.Log.Error("an answer was cut off", "event", "api.failed", "operation", op.Name, "error", err)
		}
		panic(http.ErrAbortHandler)
	}
}

// Problem is the body of every answer that is an error.
type Problem struct {
	Type   string   `json:"type"` // TypePrefix and the code
	Title  string   `json:"title"`
	Status int      `json:"status"`
	Detail string   `json:"detail"`
	Code   api.Code `json:"code"`
	IDs    []string `json:"ids,omitempty"` // with "ambiguous": what the key means
}

// typePrefix is what stands before the code in a problem's type.
const typePrefix = "urn:clawback:problem:"

// problemOf is an error as doors answer it.
func problemOf(err error) Problem {
	code := api.CodeOf(err)
	row := api.Statuses[code]
	p := Problem{Type: typePrefix + string(code), Title: row.Title, Status: row.Status, Detail: err.Error(), Code: code}
	var known *api.Error
	if errors.As(err, &known) {
		p.IDs = known.IDs
	}
	return p
}

// WriteProblem answers an error.
func WriteProblem(w http.ResponseWriter, err error) {
	p := problemOf(err)
	write(w, "application/problem+json", p.Status, p)
}

// WriteJSON answers with a value.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	write(w, "application/json", status, notNull(v))
}

// notNull is a list that is no null.
func notNull(v any) any {
	if list := reflect.ValueOf(v); list.Kind() == reflect.Slice && list.IsNil() {
		return []struct{}{}
	}
	return v
}

func write(w http.ResponseWriter, kind string, status int, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		status, text = http.StatusInternalServerError,
			[]byte(`{"code":"internal","detail":"the answer cannot be encoded"}`)
	}
	writeText(w, kind, status, append(text, '\n'))
}

func writeText(w http.ResponseWriter, kind string, status int, text []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that is gone needs no answer
}
