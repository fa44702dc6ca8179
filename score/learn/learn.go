// Package learn is a small classifier that an organisation's own corrections train; pure.
//
// Reads and writes nothing itself: a Model is exported as JSON and imported again by whoever keeps it.
//
// Invariants:
//   - I1 it says nothing until it has seen MinEach messages of both kinds.
//   - I2 bounded: maxTokens tokens a model, maxPerMessage a message.
//   - I3 what it says is explained by the tokens that weighed most.
//   - I4 the order of training does not matter until the model is full.
//
// On failure: Import answers what is wrong with the data.
//
// Standards: Robinson's and Fisher's method of combining probabilities (as in bogofilter and SpamAssassin).
package learn

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"sort"
	"strings"
)

// Bounds (I1, I2).
const (
	MinEach       = 50
	maxTokens     = 60_000
	maxPerMessage = 600
)

// Counts are how often a token stood in unwanted and in good mail.
type Counts struct {
	Bad  int `json:"b,omitempty"`
	Good int `json:"g,omitempty"`
}

// Model is what has been learnt. The zero value has learnt nothing. It must not be trained while it is read.
type Model struct {
	Bad    int               `json:"bad"`  // messages
	Good   int               `json:"good"` // messages
	Tokens map[string]Counts `json:"tokens"`
}

// Opinion is what the model thinks of a message.
type Opinion struct {
	Bad    float64  // 0 to 1; 0.5 is no opinion
	Ready  bool     // it has seen enough
	Tokens []string // that weighed most, for the side that Bad is on
}

// Tokens are the words and marks of a message that are learnt: folded words, and whatever else the caller names.
func Tokens(folded string, marks []string) []string {
	seen := map[string]bool{}
	var all []string
	add := func(token string) {
		if !seen[token] && len(all) < maxPerMessage {
			seen[token] = true
			all = append(all, token)
		}
	}
	for _, mark := range marks {
		add(mark)
	}
	for word := range strings.FieldsSeq(folded) {
		if len(word) >= 3 && len(word) <= 24 {
			add(word)
		}
	}
	return all
}

// Train learns one message.
func (m *Model) Train(tokens []string, bad bool) {
	if m.Tokens == nil {
		m.Tokens = map[string]Counts{}
	}
	if bad {
		m.Bad++
	} else {
		m.Good++
	}
	for _, token := range tokens {
		c, have := m.Tokens[token]
		if !have && len(m.Tokens) >= maxTokens {
			m.forget()
		}
		if bad {
			c.Bad++
		} else {
			c.Good++
		}
		m.Tokens[token] = c
	}
}

// forget drops the tokens that were seen once, and if that is not enough those seen twice, and so on.
func (m *Model) forget() {
	for most := 1; len(m.Tokens) >= maxTokens; most++ {
		for token, c := range m.Tokens {
			if c.Bad+c.Good <= most {
				delete(m.Tokens, token)
			}
		}
	}
}

// Ready reports whether the model has seen enough to speak.
func (m *Model) Ready() bool { return m != nil && m.Bad >= MinEach && m.Good >= MinEach }

// weighed is a token and how likely mail with it is unwanted.
type weighed struct {
	token string
	bad   float64
}

// Judge answers what the model thinks.
func (m *Model) Judge(tokens []string) Opinion {
	if !m.Ready() {
		return Opinion{Bad: 0.5}
	}
	var all []weighed
	for _, token := range tokens {
		if p := m.likely(m.Tokens[token]); math.Abs(p-0.5) > 0.1 {
			all = append(all, weighed{token, p})
		}
	}
	sort.Slice(all, func(i, j int) bool {
		a, b := math.Abs(all[i].bad-0.5), math.Abs(all[j].bad-0.5)
		return a > b || a == b && all[i].token < all[j].token
	})
	all = all[:min(len(all), 150)]
	o := Opinion{Bad: combine(all), Ready: true}
	for _, w := range all {
		if (w.bad > 0.5) == (o.Bad > 0.5) && len(o.Tokens) < 8 {
			o.Tokens = append(o.Tokens, w.token)
		}
	}
	return o
}

// likely is Robinson's f(w): the share of unwanted mail, drawn to one half where little is known.
func (m *Model) likely(c Counts) float64 {
	const strength, prior = 1.0, 0.5
	bad, good := float64(c.Bad)/float64(m.Bad), float64(c.Good)/float64(m.Good)
	if bad+good == 0 {
		return prior
	}
	n := float64(c.Bad + c.Good)
	return (strength*prior + n*bad/(bad+good)) / (strength + n)
}

// combine is Fisher's method from both sides.
func combine(all []weighed) float64 {
	if len(all) < 5 {
		return 0.5
	}
	var h, s float64
	for _, w := range all {
		h += math.Log(w.bad)
		s += math.Log(1 - w.bad)
	}
	bad := chi2(-2*h, 2*len(all))
	good := chi2(-2*s, 2*len(all))
	return (1 + bad - good) / 2
}

// chi2 is the chance that a chi-squared value with v degrees of freedom (even) is at least x.
func chi2(x float64, v int) float64 {
	m := x / 2
	term := math.Exp(-m)
	sum := term
	for i := 1; i < v/2; i++ {
		term *= m / float64(i)
		sum += term
	}
	return min(sum, 1)
}

// Export writes the model.
func (m *Model) Export(w io.Writer) error {
	if err := json.NewEncoder(w).Encode(m); err != nil {
		return fmt.Errorf("write model: %w", err)
	}
	return nil
}

// Import reads a model.
func Import(r io.Reader) (*Model, error) {
	m := &Model{}
	if err := json.NewDecoder(r).Decode(m); err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	if m.Bad < 0 || m.Good < 0 || len(m.Tokens) > maxTokens {
		return nil, fmt.Errorf("read model: %d tokens and counts %d, %d cannot be right", len(m.Tokens), m.Bad, m.Good)
	}
	for token, c := range m.Tokens {
		if c.Bad < 0 || c.Good < 0 || c.Bad > m.Bad || c.Good > m.Good {
			return nil, fmt.Errorf("read model: token %q is counted more often than there were messages", token)
		}
	}
	return m, nil
}
