// Package words finds what a text is about by phrases of six languages and some of a seventh, whatever was done to hide
// them; pure.
//
// Reads the lists under lists/, which this project made, and texts that strangers wrote. Writes nothing.
//
// Invariants:
//   - I1 one pass over a text, whatever the number of phrases.
//   - I2 a phrase counts once, however often it stands there.
//   - I3 phrases are general: none names a sender, a subject or a campaign.
//
// On failure: Load answers with the line that cannot be read.
//
// Standards: Unicode TR39 (look-alikes), UAX 15 (normal forms).
package words

import (
	"embed"
	"fmt"
	"path"
	"strconv"
	"strings"

	"clawback/score/lists"
)

//go:embed lists/*.txt lists/later/*.txt
var phraseLists embed.FS

// Lexicon is the phrases of all languages.
type Lexicon struct {
	Folder
	phrases []phrase
	machine *machine
	frozen  bool // without the phrases of lists/later
}

type phrase struct {
	topic    string
	text     string
	language string
	weight   float64
	length   int  // of the folded form
	later    bool // it was added when the narrow rule for MALICIOUS was closed
}

// Hit is a topic that a text touches.
type Hit struct {
	Topic   string
	Weight  float64  // sum over the distinct phrases
	Phrases []string // as they stand in the lists, in the order found
}

// Load reads the built-in lists.
func Load(s lists.Skeleton) (*Lexicon, error) {
	l := &Lexicon{Folder: NewFolder(s)}
	for _, folder := range []string{"lists", "lists/later"} {
		files, err := phraseLists.ReadDir(folder)
		if err != nil {
			return nil, fmt.Errorf("read lists: %w", err)
		}
		for _, file := range files {
			if file.IsDir() {
				continue
			}
			if err := l.file(folder, file.Name()); err != nil {
				return nil, err
			}
		}
	}
	l.machine = build(l.distinct())
	return l, nil
}

// Frozen is the lexicon without the phrases of lists/later: what the narrow rule for MALICIOUS goes by.
func (l *Lexicon) Frozen() *Lexicon {
	frozen := *l
	frozen.frozen = true
	return &frozen
}

// distinct answers the phrases' keys. One that stands in several languages under one topic is kept once, with its
// greatest weight; a later one takes nothing from one that was there.
func (l *Lexicon) distinct() []string {
	var keys []string
	kept := l.phrases[:0]
	have := map[string]int{}
	for _, p := range l.phrases {
		key := l.key(p.text)
		if at, ok := have[p.topic+key]; ok {
			if p.later && !kept[at].later {
				continue
			}
			kept[at].weight = max(kept[at].weight, p.weight)
			continue
		}
		have[p.topic+key] = len(kept)
		p.length = len(key)
		kept = append(kept, p)
		keys = append(keys, key)
	}
	l.phrases = kept
	return keys
}

func (l *Lexicon) file(folder, name string) error {
	text, err := phraseLists.ReadFile(path.Join(folder, name))
	if err != nil {
		return fmt.Errorf("read list %s: %w", name, err)
	}
	topic := ""
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			topic = strings.Trim(line, "[]")
		case topic == "":
			return fmt.Errorf("list %s, line %d: phrase before the first topic", name, i+1)
		default:
			p := parsePhrase(line, topic, strings.TrimSuffix(name, ".txt"))
			p.later = path.Base(folder) == "later"
			l.phrases = append(l.phrases, p)
		}
	}
	return nil
}

// parsePhrase reads "some words" or "some words =2"; a phrase that ends in * also matches longer last words.
func parsePhrase(line, topic, language string) phrase {
	p := phrase{topic: topic, text: line, language: language, weight: 1}
	if text, weight, found := strings.Cut(line, " ="); found {
		if w, err := strconv.ParseFloat(weight, 64); err == nil {
			p.text, p.weight = text, w
		}
	}
	return p
}

// key is how a phrase stands in a folded text.
func (l *Lexicon) key(text string) string {
	folded := l.Fold(text).Text
	if strings.HasSuffix(text, "*") {
		return strings.TrimSuffix(folded, " ")
	}
	return folded
}

// span is where a phrase stands.
type span struct {
	id         int32
	start, end int
}

// Find answers which topics a folded text touches, in the order in which they are first touched. Where phrases of one
// topic overlap the weightiest counts.
func (l *Lexicon) Find(folded string) []Hit {
	var hits []Hit
	seen := map[int32]bool{}
	open := map[string]span{} // the last phrase of each topic, not yet counted
	count := func(s span) {
		if !seen[s.id] {
			seen[s.id] = true
			hits = note(hits, l.phrases[s.id])
		}
	}
	var order []string
	l.machine.find(folded, func(id int32, end int) {
		p := &l.phrases[id]
		if p.later && l.frozen {
			return
		}
		now := span{id, end - p.length + 1, end} // neighbours share the space between them
		last, have := open[p.topic]
		switch {
		case !have:
			order = append(order, p.topic)
		case now.start < last.end-1:
			if p.weight <= l.phrases[last.id].weight {
				return
			}
		default:
			count(last)
		}
		open[p.topic] = now
	})
	for _, topic := range order {
		count(open[topic])
	}
	return hits
}

func note(hits []Hit, p phrase) []Hit {
	for i := range hits {
		if hits[i].Topic == p.topic {
			hits[i].Weight += p.weight
			if len(hits[i].Phrases) < 8 {
				hits[i].Phrases = append(hits[i].Phrases, p.text)
			}
			return hits
		}
	}
	return append(hits, Hit{Topic: p.topic, Weight: p.weight, Phrases: []string{p.text}})
}
