package alert

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"clawback/config"
)

// Bounds of a request, whatever the receiver does.
const (
	sendTime      = 30 * time.Second // Standard Webhooks: 15 to 30 s
	maxAnswerBody = 8 << 10
)

// httpSender posts to a webhook, Slack, or a Workflow of Teams.
type httpSender struct {
	route    config.Alert
	client   *http.Client
	hostname string
	version  string
	now      func() time.Time // of the signature
}

// newHTTPSender makes a sender. No proxy of the environment's is used: it would connect where we may not (I4).
func newHTTPSender(a config.Alert, secure *tls.Config, hostname, version string) *httpSender {
	return &httpSender{route: a, hostname: hostname, version: version, now: time.Now, client: &http.Client{
		Timeout: sendTime,
		// Standard Webhooks: 3xx is a failure. What is followed could lead inside, and would lose the body.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DialContext: guarded(a).DialContext, TLSClientConfig: secure,
			TLSHandshakeTimeout: dialTime, ResponseHeaderTimeout: sendTime, MaxResponseHeaderBytes: 64 << 10,
			MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true},
	}}
}

func (s *httpSender) send(ctx context.Context, p parcel) (string, error) {
	body, err := s.body(p)
	if err != nil {
		return "", err
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, s.route.URL.Reveal(), bytes.NewReader(body))
	if err != nil {
		return "", fmt.Errorf("make request: the url is none") // the error has the URL
	}
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("User-Agent", "clawback/"+s.version+" (alerts)")
	if s.route.Kind == "webhook" {
		s.sign(q.Header, p.ID, body)
	}
	r, err := s.client.Do(q)
	if err != nil {
		return "", s.hide(reachError(err))
	}
	defer r.Body.Close()
	said, err := io.ReadAll(io.LimitReader(r.Body, maxAnswerBody))
	if err != nil {
		return "", s.hide(fmt.Errorf("answers %d and breaks off: %w", r.StatusCode, reachError(err)))
	}
	return s.judge(r, strings.TrimSpace(string(said)))
}

// body is the message in the form of the receiver.
func (s *httpSender) body(p parcel) ([]byte, error) {
	switch {
	case s.route.Kind == "slack":
		return slackBody(p, s.hostname)
	case s.route.Kind == "teams":
		return teamsBody(p, s.hostname)
	case s.route.Format == "ocsf":
		return ocsfBody(p, s.product())
	}
	return webhookBody(p, s.hostname)
}

func (s *httpSender) product() product { return product{hostname: s.hostname, version: s.version} }

// sign proves a webhook's message to its receiver: Standard Webhooks 1.0.0, over id, time and body.
func (s *httpSender) sign(h http.Header, id string, body []byte) {
	at := strconv.FormatInt(s.now().Unix(), 10)
	h.Set("Webhook-Id", id)
	h.Set("Webhook-Timestamp", at)
	var signatures []string
	for _, key := range s.route.Secrets {
		signatures = append(signatures, "v1,"+signature(key.Reveal(), id, at, body))
	}
	if len(signatures) > 0 {
		h.Set("Webhook-Signature", strings.Join(signatures, " "))
	}
	if value := s.route.Authorization.Reveal(); value != "" {
		h.Set("Authorization", value)
	}
}

func signature(key, id, at string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(key))
	fmt.Fprintf(mac, "%s.%s.", id, at)
	_, _ = mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// judge says whether an answer means that the message was taken: 2xx alone.
func (s *httpSender) judge(r *http.Response, said string) (string, error) {
	answer := strings.TrimSpace(fmt.Sprintf("%d %s", r.StatusCode, http.StatusText(r.StatusCode)))
	if said != "" {
		answer += ": " + said
	}
	if r.StatusCode >= 200 && r.StatusCode < 300 {
		return s.hide(textError(answer)).Error(), nil
	}
	no := &refusal{text: s.hide(textError(answer)).Error(), wait: retryAfter(r.Header.Get("Retry-After"), s.now())}
	switch r.StatusCode {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		no.body = true
	case http.StatusGone:
		no.text += " (the receiver wants no more: make a new URL, or take the route out)"
		no.wait = maxWait
	}
	if r.StatusCode >= 300 && r.StatusCode < 400 {
		no.text = fmt.Sprintf("%d: redirects are not followed: write the address where it leads into the route",
			r.StatusCode)
	}
	return "", no
}

// textError is a text that is an error.
type textError string

func (t textError) Error() string { return string(t) }

// hide takes what is a secret out of an error: the URL's path and query, and the value of Authorization.
func (s *httpSender) hide(err error) error {
	text := err.Error()
	words := []string{s.route.URL.Reveal(), s.route.Authorization.Reveal()}
	if u, bad := url.Parse(s.route.URL.Reveal()); bad == nil {
		words = append(words, u.RequestURI(), u.EscapedPath(), u.RawQuery)
	}
	if _, token, found := strings.Cut(s.route.Authorization.Reveal(), " "); found {
		words = append(words, token)
	}
	for _, word := range words {
		if len(word) > 3 {
			text = strings.ReplaceAll(text, word, "[redacted]")
		}
	}
	if text == err.Error() {
		return err
	}
	return textError(text)
}

// retryAfter reads how long a receiver wants to be left alone: RFC 9110, section 10.2.3.
func retryAfter(s string, now time.Time) time.Duration {
	if n, err := strconv.Atoi(s); err == nil {
		return min(max(time.Duration(n), 0), 24*3600) * time.Second
	}
	if at, err := http.ParseTime(s); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}
