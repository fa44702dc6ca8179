package engines

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sort"
	"strings"
)

// Rspamd asks rspamd by HTTP.
type Rspamd struct {
	URL    string // http://127.0.0.1:11333
	Client *http.Client
}

// Name is how findings and degradations name it.
func (Rspamd) Name() string { return "rspamd" }

// Ask posts the message to /checkv2.
func (r Rspamd) Ask(ctx context.Context, m Message) ([]Finding, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(r.URL, "/")+"/checkv2",
		io.NewSectionReader(m.Body, 0, m.Size))
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	request.ContentLength = m.Size
	r.headers(request.Header, m)
	client := r.Client
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("answer is %s", response.Status)
	}
	return rspamdAnswer(io.LimitReader(response.Body, maxAnswer))
}

// headers tell rspamd of the envelope. Line ends would end a header: they are dropped.
func (Rspamd) headers(h http.Header, m Message) {
	plain := strings.NewReplacer("\r", "", "\n", "")
	if m.Sender != "" {
		h.Set("From", plain.Replace(m.Sender))
	}
	for _, recipient := range m.Recipients[:min(len(m.Recipients), 50)] {
		h.Add("Rcpt", plain.Replace(recipient))
	}
	if m.IP.IsValid() {
		h.Set("IP", m.IP.String())
	}
	if m.Helo != "" {
		h.Set("Helo", plain.Replace(m.Helo))
	}
}

func rspamdAnswer(r io.Reader) ([]Finding, error) {
	var answer struct {
		Score    float64 `json:"score"`
		Required float64 `json:"required_score"`
		Action   string  `json:"action"`
		Symbols  map[string]struct {
			Score float64 `json:"score"`
		} `json:"symbols"`
	}
	if err := json.NewDecoder(r).Decode(&answer); err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	if answer.Action == "" {
		return nil, fmt.Errorf("answer names no action")
	}
	if answer.Score < 4 {
		return nil, nil
	}
	var names []string
	for name, s := range answer.Symbols {
		if s.Score >= 1 {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	text := fmt.Sprintf("rspamd scores %.1f, action %s (%s).", answer.Score, answer.Action,
		clip(strings.Join(names, ", ")))
	return []Finding{{Engine: "rspamd", Points: min(answer.Score/3, 4), Text: text}}, nil
}
