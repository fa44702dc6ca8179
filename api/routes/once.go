package routes

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strings"
	"time"

	"clawback/api"
	"clawback/api/idempotency"
)

// KeyHeader bears the key under which a request is carried out once: draft-ietf-httpapi-idempotency-key-header-07.
const KeyHeader = "Idempotency-Key"

// replayedHeader tells that an answer was given before.
const replayedHeader = "Idempotency-Replayed"

// maxOnce bounds an act that is carried out to its end although nobody may wait for it any more.
const maxOnce = 15 * time.Minute

// keyOf is a request's key; "" where it has none. It is a string as structured fields have it (RFC 8941, section
// 3.3.3), and many clients leave the quotes out.
func keyOf(r *http.Request) (string, error) {
	found := r.Header.Values(KeyHeader)
	if len(found) == 0 {
		return "", nil
	}
	key := found[0]
	if quoted, ok := strings.CutPrefix(key, `"`); ok {
		if key, ok = strings.CutSuffix(quoted, `"`); !ok {
			key = ""
		}
	}
	foreign := func(c rune) bool { return c <= ' ' || c >= 0x7f || c == '"' || c == '\\' }
	if len(found) > 1 || key == "" || len(key) > 255 || strings.ContainsFunc(key, foreign) {
		return "", invalid("%s: send one, of 1 to 255 letters, digits and signs without blanks", KeyHeader)
	}
	return key, nil
}

// hashed is a request's body of which a hash is made while it is read.
type hashed struct {
	io.ReadCloser
	sum hash.Hash
}

func hashBody(op api.Operation, r *http.Request) *hashed {
	h := &hashed{r.Body, sha256.New()}
	fmt.Fprintf(h.sum, "%s\x00%s\x00", op.Name, r.URL.RequestURI())
	return h
}

// Read implements io.Reader.
func (h *hashed) Read(p []byte) (int, error) {
	n, err := h.ReadCloser.Read(p)
	h.sum.Write(p[:n])
	return n, err
}

// digest is that of the request, whose body is read to its end.
func (h *hashed) digest() ([]byte, error) {
	if _, err := io.Copy(io.Discard, h); err != nil {
		return nil, invalid("request body: %v", err)
	}
	return h.sum.Sum(nil), nil
}

// once carries an operation out under a key, or answers as before. Who does not wait for the answer calls nothing off:
// he can ask for it again.
func (d Door) once(w http.ResponseWriter, r *http.Request, op api.Any, key string) error {
	who, err := d.Who(r)
	if err != nil {
		return err
	}
	if d.Keys == nil {
		return invalid("%s is not offered here: leave it out", KeyHeader)
	}
	body := hashBody(op.Row(), r)
	r.Body = body
	request := op.NewRequest()
	if err := decode(r, request); err != nil {
		return err
	}
	claim, earlier, err := d.Keys.Claim(r.Context(), who.Proof(), key, op.Row().Name)
	if err != nil {
		return err
	}
	if earlier != nil {
		return replay(w, r, earlier, body)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), maxOnce)
	defer cancel()
	ended := false
	defer func() {
		if !ended { // a panic
			claim.Unknown()
		}
	}()
	answer, err := op.DoAny(conditionOf(ctx, r), d.Service, who, request)
	ended = true
	if err != nil {
		// What is refused was not done; after a fault of ours nobody knows.
		if api.Statuses[api.CodeOf(err)].Status >= http.StatusInternalServerError {
			claim.Unknown()
		} else {
			claim.Refused(ctx)
		}
		return err
	}
	return d.keep(ctx, w, op, claim, body, answer)
}

// keep notes an answer under its key, and gives it.
func (d Door) keep(ctx context.Context, w http.ResponseWriter, op api.Any, claim *idempotency.Claim, body *hashed,
	answer any) error {
	digest, err := body.digest()
	if err != nil {
		claim.Unknown()
		return err
	}
	if stream, is := answer.(api.Stream); is {
		claim.Done(ctx, digest, nil)
		d.copy(w, op.Row(), stream)
		return nil
	}
	text, err := json.Marshal(notNull(answer))
	if err != nil {
		claim.Unknown()
		return err
	}
	text = append(text, '\n')
	if op.Row().Secret {
		claim.Done(ctx, digest, nil)
	} else {
		claim.Done(ctx, digest, text)
	}
	writeText(w, "application/json", http.StatusOK, text)
	return nil
}

func replay(w http.ResponseWriter, r *http.Request, earlier *idempotency.Earlier, body *hashed) error {
	digest, err := body.digest()
	if err != nil {
		return err
	}
	text, err := earlier.Answer(r.Context(), digest)
	if err != nil {
		return err
	}
	w.Header().Set(replayedHeader, "true")
	writeText(w, "application/json", http.StatusOK, text)
	return nil
}
