package certs

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
)

// maxAnswer bounds an answer of the CA; certificate chains have under 10 KiB.
const maxAnswer = 1 << 20

// filter stands between autocert and the CA. It ends requests with the daemon's context, which autocert does not know;
// it hides challenges that no listener could answer, since autocert would try TLS-ALPN-01 first in any case and a
// failed validation counts at the CA; and it remembers why the CA says no, which autocert does not tell.
type filter struct {
	base    http.RoundTripper
	ctx     context.Context
	offered []string

	mu     sync.Mutex
	reason string // guarded by mu
}

// authorization is what the filter reads of RFC 8555, section 7.1.4.
type authorization struct {
	Challenges []map[string]any `json:"challenges"`
}

// RoundTrip asks the CA.
func (f *filter) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(r.Context())
	stop := context.AfterFunc(f.ctx, func() { cancel(context.Cause(f.ctx)) })
	defer stop()
	defer cancel(nil)
	res, err := f.base.RoundTrip(r.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	res.Body.Close()
	if err != nil {
		return nil, fmt.Errorf("read answer of the CA: %w", err)
	}
	body = f.filterBody(body)
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	res.Header.Del("Content-Length")
	return res, nil
}

// filterBody filters an answer that is an authorization, and leaves others as they are.
func (f *filter) filterBody(body []byte) []byte {
	var whole map[string]any
	var z authorization
	if json.Unmarshal(body, &whole) != nil || json.Unmarshal(body, &z) != nil || len(z.Challenges) == 0 {
		return body
	}
	for _, c := range z.Challenges {
		f.remember(c)
	}
	whole["challenges"] = slices.DeleteFunc(z.Challenges, func(c map[string]any) bool {
		kind, _ := c["type"].(string)
		return !slices.Contains(f.offered, kind)
	})
	changed, err := json.Marshal(whole)
	if err != nil {
		return body
	}
	return changed
}

// remember keeps why a challenge failed: RFC 8555, section 8.
func (f *filter) remember(challenge map[string]any) {
	problem, ok := challenge["error"].(map[string]any)
	if !ok {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reason = fmt.Sprintf("%v: %v", challenge["type"], problem["detail"])
}

// explain adds what the CA said to an error of autocert's.
func (f *filter) explain(err error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.reason == "" {
		return err
	}
	return fmt.Errorf("%w; the CA says: %s", err, f.reason)
}
