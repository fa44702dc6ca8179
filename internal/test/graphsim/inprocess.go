package graphsim

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptrace"
)

// inProcess is the base URL of a Sim that was not started.
const inProcess = "https://graphsim.test"

// RoundTripper answers requests in this process, without a network: for tests with fake time (testing/synctest), which
// the network does not know. It needs no Start; URL is then https://graphsim.test.
func (s *Sim) RoundTripper() http.RoundTripper { return direct{s} }

type direct struct{ sim *Sim }

// RoundTrip is what net/http would do over the network: a dropped answer is an unexpected end.
func (d direct) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{})
	}
	in := r.Clone(r.Context())
	in.Host, in.RequestURI = r.URL.Host, r.URL.RequestURI()
	if in.Body == nil {
		in.Body = http.NoBody
	}
	defer in.Body.Close()
	defer func() {
		if p := recover(); p == http.ErrAbortHandler {
			resp, err = nil, io.ErrUnexpectedEOF
		} else if p != nil {
			panic(p)
		}
	}()
	w := &written{header: http.Header{}}
	d.sim.handle(w, in)
	if err := r.Context().Err(); err != nil {
		return nil, err // the client gave up before the answer
	}
	return w.response(r), nil
}

// written is an answer in memory.
type written struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *written) Header() http.Header { return w.header }

func (w *written) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *written) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

func (w *written) response(r *http.Request) *http.Response {
	w.WriteHeader(http.StatusOK)
	return &http.Response{
		Status: http.StatusText(w.status), StatusCode: w.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.header.Clone(), Body: io.NopCloser(bytes.NewReader(w.body.Bytes())),
		ContentLength: int64(w.body.Len()), Request: r,
	}
}
