package mailset

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"clawback/config"
	"clawback/internal/test/mailgen"
	"clawback/score"
	"clawback/verdict"
	"clawback/verdict/history"
)

// Judged is the verdict on a message of a set.
type Judged struct {
	Collection         Collection
	Kind, Language, ID string
	Bad                bool
	Tenant             bool // judged with a registry and a month of mail
	Disposition        verdict.Disposition
	Held               bool     // a retraction would wait for a person
	Reasons            []string // ids with their points
}

// Judge judges the messages as the default configuration does. With a tenant the registry is known and the mail of the
// month before has been seen; without, only the recipient's domain.
func Judge(all []Mail, with bool) ([]Judged, error) { return judgeBy(all, with, "") }

// JudgeNarrow judges them as for a tenant that goes by the narrow rule (malicious_rule).
func JudgeNarrow(all []Mail, with bool) ([]Judged, error) { return judgeBy(all, with, "narrow") }

func judgeBy(all []Mail, with bool, rule string) ([]Judged, error) {
	s, err := score.New(score.Options{})
	if err != nil {
		return nil, err
	}
	j := judge{scorer: s, tenant: &config.Tenant{Domains: []string{"contoso.example"}},
		known: map[string]history.Entry{}}
	if with {
		j.tenant = Tenant()
	}
	j.tenant.MaliciousRule = rule
	var judged []Judged
	for i := range all {
		clear(j.known) // no message of a set knows of another
		if with {
			err = j.before(&all[i])
		}
		if err != nil {
			return nil, err
		}
		one, err := j.one(&all[i])
		if err != nil {
			return nil, err
		}
		one.Tenant = with
		judged = append(judged, one)
	}
	return judged, nil
}

type judge struct {
	scorer *score.Scorer
	tenant *config.Tenant
	known  map[string]history.Entry
}

// now is when the message itself comes: the date that mailgen writes.
var now = time.Date(2026, 11, 4, 9, 12, 44, 0, time.UTC)

func (j *judge) one(m *Mail) (Judged, error) {
	message, err := m.Message()
	if err != nil {
		return Judged{}, err
	}
	r, err := j.score(message, now)
	if err != nil {
		return Judged{}, fmt.Errorf("judge %s-%s %s: %w", m.Language, m.Kind, m.ID, err)
	}
	out := Judged{Collection: m.Collection, Kind: m.Kind, Language: m.Language, ID: m.ID, Bad: m.Bad,
		Disposition: r.Disposition, Held: r.Review != ""}
	for _, reason := range r.Reasons {
		out.Reasons = append(out.Reasons, fmt.Sprintf("%s=%.1f", reason.ID, reason.Weight))
	}
	return out, nil
}

func (j *judge) score(m mailgen.Message, at time.Time) (score.Result, error) {
	return j.scorer.Score(context.Background(), score.Message{
		Original: bytes.NewReader(m.Raw), Size: int64(len(m.Raw)), Sender: m.Sender, Recipients: []string{m.Recipient},
		Received: at, Tenant: j.tenant, FirstHand: true, History: j,
	})
}

// Entries gives what the month of mail before has taught.
func (j *judge) Entries(_ context.Context, keys []string) ([]history.Entry, error) {
	var found []history.Entry
	for _, key := range keys {
		if e, ok := j.known[key]; ok {
			found = append(found, e)
		}
	}
	return found, nil
}

// before lets the organisation see the month of mail that the message says there was.
func (j *judge) before(m *Mail) error {
	if m.Before == "" {
		return nil
	}
	for _, days := range []int{30, 24, 17, 11, 6, 2} {
		at := now.Add(-time.Duration(days) * 24 * time.Hour)
		came := mailgen.Template{Name: m.ID, Auth: mailgen.Pass, From: m.From, Subject: "The week's list",
			Text: "Attached as agreed, see you on site."}
		if err := j.teach(&came, "", at); err != nil {
			return err
		}
		if m.Before != "correspondent" {
			continue
		}
		went := mailgen.Template{Name: m.ID, Auth: mailgen.Internal, From: "Anna Berg <anna.berg@contoso.example>",
			Subject: "Dates", Text: "Does Tuesday suit you?"}
		if err := j.teach(&went, address(m.From), at.Add(time.Hour)); err != nil {
			return err
		}
	}
	return nil
}

func (j *judge) teach(t *mailgen.Template, to string, at time.Time) error {
	message := mailgen.Make(t, uint64(at.Unix()))
	if to != "" {
		message.Recipient = to
	}
	r, err := j.score(message, at)
	if err != nil {
		return err
	}
	for _, o := range r.Observations {
		e := j.known[o.Key]
		e.Key = o.Key
		e.Observe(o)
		j.known[o.Key] = e
	}
	return nil
}

// Row counts a set, or all sets of a kind.
type Row struct {
	Set                          string
	Bad, Malicious, Held, Caught int
	Good, Flagged, GoodMalicious int
}

// Count gives a row for each set, then one for each kind.
func Count(all []Judged) []Row {
	rows := map[string]*Row{}
	for _, j := range all {
		for _, name := range []string{j.Language + "-" + j.Kind, "all " + j.Kind} {
			if rows[name] == nil {
				rows[name] = &Row{Set: name}
			}
			rows[name].add(j)
		}
	}
	out := slices.SortedFunc(maps.Values(rows), func(a, b *Row) int { return cmp.Compare(a.Set, b.Set) })
	values := make([]Row, len(out))
	for i, r := range out {
		values[i] = *r
	}
	return values
}

func (r *Row) add(j Judged) {
	flagged, malicious := j.Disposition.Flagged(), j.Disposition == verdict.Malicious
	if !j.Bad {
		r.Good++
		r.Flagged += count(flagged)
		r.GoodMalicious += count(malicious)
		return
	}
	r.Bad++
	r.Malicious += count(malicious)
	r.Held += count(!malicious && j.Held)
	r.Caught += count(flagged)
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}
