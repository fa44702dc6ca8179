package graphsim

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

const itemNotFound = "The specified object was not found in the store."

func (s *Sim) getFolder(r *request) answer {
	f := r.owner.box.folder(r.folder)
	if f == nil {
		return failed(http.StatusNotFound, "ErrorItemNotFound", itemNotFound)
	}
	p, err := r.page(1)
	if err != nil {
		return badRequest("ErrorInvalidUrlQuery", err)
	}
	o, err := pick(object{"id": f.id, "displayName": f.display, "isHidden": f.recoverable, "totalItemCount": 0},
		p.fields)
	if err != nil {
		return badRequest("BadRequest", err)
	}
	return found(o)
}

// view is what Graph shows of a message.
func (m *message) view(immutable bool) object {
	id := m.id
	if immutable {
		id = m.ImmutableID
	}
	o := object{
		"@odata.etag": `W/"` + m.Key + `"`, "id": id, "parentFolderId": m.folder.id,
		"internetMessageId": m.InternetMessageID,
		"subject":           m.Subject, "receivedDateTime": m.Received, "isRead": m.Read, "isDraft": m.Draft,
		"hasAttachments": false, "internetMessageHeaders": m.headers,
	}
	if m.folder.name == "sentitems" { // microsoft-graph-docs#18761
		o["internetMessageHeaders"] = absent
	}
	return o
}

// judged is what a filter sees of it.
func (m *message) judged() object {
	return object{
		"id": m.id, "parentFolderId": m.folder.id, "internetMessageId": m.InternetMessageID, "subject": m.Subject,
		"receivedDateTime": m.Received, "isRead": m.Read, "isDraft": m.Draft, "hasAttachments": false,
		"singleValueExtendedProperties": []object{{"id": "String 0x1035", "value": m.InternetMessageID}},
	}
}

func (s *Sim) visible(m *message) bool {
	return !m.Purged && !s.o.Now().Before(m.visible)
}

// listMessages lists a folder, or all of the mailbox but Recoverable Items.
func (s *Sim) listMessages(r *request) answer {
	p, err := r.page(10)
	if err != nil {
		return badRequest("ErrorInvalidUrlQuery", err)
	}
	if r.query.Has("$orderby") && p.filter != nil {
		return failed(http.StatusBadRequest, "InefficientFilter",
			"The restriction or sort order is too complex for this operation.")
	}
	var in *folder
	if r.folder != "" {
		if in = r.owner.box.folder(r.folder); in == nil {
			return failed(http.StatusNotFound, "ErrorItemNotFound", itemNotFound)
		}
	}
	var out []object
	for _, m := range r.owner.box.messages {
		if !s.visible(m) || (in != nil && m.folder != in) || (in == nil && m.folder.recoverable) {
			continue
		}
		yes, err := matches(p.filter, m.judged())
		if err != nil {
			return badRequest("ErrorInvalidUrlQuery", err)
		}
		if !yes {
			continue
		}
		picked, err := pick(s.withoutHeaders(r, m), p.fields, "internetMessageHeaders")
		if err != nil {
			return badRequest("BadRequest", err)
		}
		out = append(out, picked)
	}
	return s.list(r, p, out)
}

// withoutHeaders is the view of a message in a list, whose headers are missing at the rate of NoHeaders.
func (s *Sim) withoutHeaders(r *request, m *message) object {
	o := m.view(r.immutable)
	n := s.number("headers/" + m.Mailbox + "/" + m.InternetMessageID)
	if float64(n>>11)/(1<<53) < s.rates(r.tenant.ID).NoHeaders {
		o["internetMessageHeaders"] = absent
	}
	return o
}

// target finds the message that a request names.
func (s *Sim) target(r *request) (*message, *answer) {
	m := r.owner.box.find(r.message)
	if m != nil && s.visible(m) {
		return m, nil
	}
	a := failed(http.StatusNotFound, "ErrorItemNotFound", itemNotFound)
	if !strings.HasPrefix(r.message, "AAMkA") || len(r.message) < 60 {
		a = failed(http.StatusBadRequest, "ErrorInvalidIdMalformed", "Id is malformed.")
	} else if s.foreign(r) {
		a = failed(http.StatusNotFound, "ErrorInvalidMailboxItemId", "Item Id doesn't belong to the targeted mailbox.")
	}
	return nil, &a
}

// foreign says that the id is one of another mailbox.
func (s *Sim) foreign(r *request) bool {
	for _, u := range r.tenant.users {
		if u != r.owner && u.box != nil && u.box.find(r.message) != nil {
			return true
		}
	}
	return false
}

func (s *Sim) getMessage(r *request) answer {
	m, missing := s.target(r)
	if missing != nil {
		return *missing
	}
	p, err := r.page(1)
	if err != nil {
		return badRequest("ErrorInvalidUrlQuery", err)
	}
	o, err := pick(m.view(r.immutable), p.fields, "internetMessageHeaders")
	if err != nil {
		return badRequest("BadRequest", err)
	}
	return found(o)
}

func (s *Sim) getValue(r *request) answer {
	m, missing := s.target(r)
	if missing != nil {
		return *missing
	}
	return answer{status: http.StatusOK, raw: m.mime}
}

// errCut: the client was gone before its whole request was there, as one that was killed is. It has done nothing wrong.
var errCut = errors.New("request cut off")

// body reads a small JSON object whose names count without regard to case.
func (r *request) body() (map[string]any, error) {
	var from io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, fmt.Errorf("%w: gzip", errQuery)
		}
		from = unzipped
	}
	text, err := io.ReadAll(io.LimitReader(from, 1<<16))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errCut, err)
	}
	var in map[string]any
	if err := json.Unmarshal(text, &in); err != nil {
		return nil, fmt.Errorf("%w: body is no JSON object", errQuery)
	}
	out := map[string]any{}
	for key, v := range in {
		if !strings.HasPrefix(key, "@odata.") {
			out[strings.ToLower(key)] = v
		}
	}
	return out, nil
}

func (s *Sim) move(r *request) answer {
	body, err := r.body()
	name, _ := body["destinationid"].(string)
	if err != nil || name == "" {
		if !errors.Is(err, errCut) {
			s.violate("move without a destination")
		}
		return failed(http.StatusBadRequest, "ErrorInvalidRequest", "The destination is missing.")
	}
	m, missing := s.target(r)
	if missing != nil {
		return *missing
	}
	to := r.owner.box.folder(name)
	if to == nil {
		return failed(http.StatusNotFound, "ErrorItemNotFound", "The specified folder could not be found in the store.")
	}
	r.call.From, r.call.To = m.folder.label(), to.label()
	if m.folder == to && !m.byOwner {
		s.violate("message %s of %s moved to %s, where it is", m.Key, m.Mailbox, to.label())
	}
	m.moveTo(r.owner.box, to)
	m.byOwner = false
	m.Changes = append(m.Changes, "move "+to.label())
	return answer{status: http.StatusCreated, body: m.view(r.immutable), applied: true}
}

func (s *Sim) purge(r *request) answer {
	if s.o.NoPurge {
		return s.unknownSegment("permanentDelete")
	}
	m, missing := s.target(r)
	if missing != nil {
		return *missing
	}
	r.call.From = m.folder.label()
	m.moveTo(r.owner.box, r.owner.box.folder("recoverableitemspurges"))
	m.Purged = true
	m.Changes = append(m.Changes, "purge")
	return answer{status: http.StatusNoContent, applied: true}
}

// unknownSegment is the answer of a service that has no such action: with a 400 or a 404, and one of several codes.
func (s *Sim) unknownSegment(name string) answer {
	status, code := http.StatusBadRequest, "BadRequest"
	switch s.number("segment/"+name) % 3 {
	case 1:
		status = http.StatusNotFound
	case 2:
		status, code = http.StatusNotFound, "ResourceNotFound"
	}
	return failed(status, code, "Resource not found for the segment '"+name+"'.")
}

// update knows the read state alone: nothing else of a message is ever changed.
func (s *Sim) update(r *request) answer {
	body, err := r.body()
	read, isBool := body["isread"].(bool)
	if err != nil || !isBool || len(body) != 1 {
		s.violate("update of more than the read state")
		return failed(http.StatusBadRequest, "ErrorInvalidRequest", "The request is invalid.")
	}
	m, missing := s.target(r)
	if missing != nil {
		return *missing
	}
	m.Read = read
	m.Changes = append(m.Changes, fmt.Sprintf("read %t", read))
	return answer{status: http.StatusOK, body: m.view(r.immutable), applied: true}
}

// remove is DELETE, whose destination is undocumented: here a soft delete, and a violation.
func (s *Sim) remove(r *request) answer {
	s.violate("DELETE of a message, whose destination is undocumented: a move says where to")
	m, missing := s.target(r)
	if missing != nil {
		return *missing
	}
	if m.folder.recoverable {
		return failed(http.StatusBadRequest, "ErrorCannotDeleteObject", "The object cannot be deleted.")
	}
	m.moveTo(r.owner.box, r.owner.box.folder("recoverableitemsdeletions"))
	m.Changes = append(m.Changes, "delete")
	return answer{status: http.StatusNoContent, applied: true}
}
