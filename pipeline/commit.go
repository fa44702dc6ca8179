package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"clawback/internal/mailaddr"
	"clawback/internal/nospace"
	"clawback/journal"
	"clawback/journal/identity"
	"clawback/queue"
	"clawback/score"
	"clawback/store"
	"clawback/verdict/history"
)

// commit scores the original and writes C2.
func (j *job) commit(ctx context.Context) ending {
	result, err := j.verdict()
	if err != nil {
		if errors.As(err, &panicked{}) {
			return j.failed("score", err)
		}
		return j.unscored(err)
	}
	app := j.application(j.identify(), result)
	if j.progress.isStopped() {
		return ending{} // it was given back, and the next start judges it
	}
	if err := j.keep(context.WithoutCancel(ctx), &app, result); nospace.Is(err) {
		return j.wait(j.item, err.Error())
	} else if err != nil {
		return ending{how: broken, err: err}
	}
	if err := j.o.Fail("c2.before-apply"); err != nil {
		return ending{how: broken, err: err}
	}
	// C2: record, verdict, history and intents are durable together, once for this report however often it is applied.
	// A crash before it judges the item again; a crash after it applies nothing and finishes the item.
	rec, fresh, err := j.o.Store.Apply(context.WithoutCancel(ctx), app, j.o.Plan(j.tenant))
	if nospace.Is(err) {
		return j.wait(j.item, err.Error())
	}
	if err != nil {
		return ending{how: broken, err: fmt.Errorf("apply: %w", err)}
	}
	if j.o.Done != nil {
		j.o.Done(rec) // the retraction need not wait for the item's end, which is another commit
	}
	return ending{how: processed, record: &rec, fresh: fresh}
}

// identify reads what the original is known by. It comes after the verdict, and its failure never stops it: what was
// not read is in doubt, and then no content of a mailbox's message is proof.
func (j *job) identify() identity.Message {
	what, err := stage(j.Pipeline, "identify", j.limit, func(ctx context.Context) (identity.Message, error) {
		return identity.Of(j.report.Originals[0].Open(bound(ctx, j.body)), j.tenant.SubjectTags...)
	})
	if err == nil {
		if j.cut { // what is equal so far may differ behind it
			what.Doubts = append(what.Doubts, identity.Unread)
		}
		return what
	}
	j.logPanic(err)
	j.o.Log.Warn("the original was judged, and could not be read for its identity", "event", "identity.failed",
		"item", j.item.ID,
		"tenant", j.tenant.ID, "error", err)
	if !slices.Contains(what.Doubts, identity.Unread) { // it panicked, or was abandoned
		what = identity.Message{Doubts: []identity.Doubt{identity.Unread}}
	}
	return what
}

// unscoredTimes is how often a message could not be scored before a person is told, which takes six minutes.
const unscoredTimes = 2

// unscored: the item waits, listed as deferred, and is tried again for ever. It is never CLEAN.
func (j *job) unscored(err error) ending {
	if j.item.Tries >= unscoredTimes {
		j.o.Alert("score.failed", "A message could not be scored; it is tried again.", "item", j.item.ID, "error", err)
	}
	return j.wait(j.item, "unscored: "+err.Error())
}

// verdict scores the original. One that runs over its time is judged by what was read of it.
func (j *job) verdict() (score.Result, error) {
	result, err := stage(j.Pipeline, "score", j.limit, j.scoreOriginal)
	if overran(err) {
		return score.Unread("Judging it took longer than any honest message needs, and was stopped."), nil
	}
	return result, err
}

func (j *job) scoreOriginal(ctx context.Context) (score.Result, error) {
	if err := j.o.Fail("stage.score"); err != nil {
		return score.Result{}, err
	}
	original, err := j.report.Clear().Readable(bound(ctx, j.body)) // what is retracted is the first
	if err != nil {
		return score.Result{}, err
	}
	defer original.Close()
	return j.o.Scorer.Score(ctx, score.Message{
		Original: original, Size: original.Size,
		Sender: j.report.Sender, Recipients: addresses(j.report.Recipients), Direction: scoreDirection[j.direction()],
		Received: j.item.Envelope.Received, FirstHand: j.firstHand(), Cut: j.cut, Tenant: j.tenant,
		History: taught{j.o.Store, j.tenant.ID},
	})
}

// taught is what a tenant's mail has taught.
type taught struct {
	store  Store
	tenant string
}

func (t taught) Entries(ctx context.Context, keys []string) ([]history.Entry, error) {
	return t.store.History(ctx, t.tenant, keys)
}

// firstHand: Exchange itself sent this report to the journal address.
func (j *job) firstHand() bool {
	return j.report.FirstHand && !j.cut && j.item.Envelope.Purpose == queue.ForJournal
}

// direction tells where the mail went, by the sender's domain and the recipients'.
func (j *job) direction() string {
	switch {
	case !j.isInternal(j.report.Sender) || j.report.Inner.AuthAs == "Anonymous":
		return "inbound"
	case slices.ContainsFunc(addresses(j.report.Recipients), func(a string) bool { return !j.isInternal(a) }):
		return "outbound"
	}
	return "internal"
}

// scoreDirection says a direction in the scorer's words.
var scoreDirection = map[string]string{"inbound": "in", "outbound": "out", "internal": "internal"}

func (j *job) isInternal(address string) bool {
	return slices.Contains(j.tenant.Domains, mailaddr.Domain("@"+address))
}

func addresses(recipients []journal.Recipient) []string {
	list := make([]string, len(recipients))
	for i, r := range recipients {
		list[i] = r.Address
	}
	return list
}

// application is all that C2 writes for this report.
func (j *job) application(what identity.Message, result score.Result) store.Application {
	e, r := j.item.Envelope, j.report
	o := r.Originals[0]
	app := store.Application{
		Key: reportKey(e.Tenant, r.Outer.MessageID, o.SHA256), Item: j.item.ID, Tenant: e.Tenant,
		History: result.Observations, Read: result.Read,
	}
	if j.firstHand() {
		app.Network = r.Inner.NetworkMessageID
	} else {
		app.History = nil // mail that is not first-hand teaches nothing
	}
	app.Record = store.Record{
		Tenant: e.Tenant, NetworkMessageID: app.Network, MessageID: r.MessageID, Content: what.Content(),
		AlternateIDs: r.AlternateIDs,
		Sender:       r.Sender, From: what.From, FromName: what.FromName, Subject: what.Subject, Date: what.Date,
		Received: e.Received, Direction: j.direction(), Recipients: r.Recipients, Verdict: result.Verdict,
		FirstHand: j.firstHand(), Region: e.Region,
		Variants: []store.Variant{{
			SHA256: hex.EncodeToString(o.SHA256[:]), Report: app.Key, Body: j.item.Body, Section: o.Section,
			Encoding: o.Encoding, Verdict: result.Verdict, FirstHand: j.firstHand(), At: e.Received,
		}},
	}
	if app.Record.MessageID == "" {
		app.Record.MessageID = what.MessageID
	}
	app.Record.Contents = what.Contents()
	for _, d := range what.Doubts {
		app.Record.Doubts = append(app.Record.Doubts, store.Doubt(d))
	}
	if j.report.Inner.InDoubt && !slices.Contains(app.Record.Doubts, store.DoubtNetworkIDs) {
		app.Record.Doubts = append(app.Record.Doubts, store.DoubtNetworkIDs)
	}
	if app.Record.Direction != "inbound" {
		app.Record.Carries = carries(what)
	}
	return app
}

// carries is what a message from inside the organisation tells of those that it forwards.
func carries(what identity.Message) store.Carries {
	c := store.Carries{Refers: what.References}
	for _, a := range what.Attached {
		c.Messages = append(c.Messages, store.Carried{MessageID: a.MessageID, Network: a.NetworkMessageIDs,
			Contents: a.Contents})
	}
	return c
}

// reportKey is the report's identity: the same report sent twice is applied once.
func reportKey(tenant, outerID string, original [32]byte) string {
	var room [256]byte // for most
	text := append(append(append(append(room[:0], tenant...), '\n'), outerID...), '\n')
	sum := sha256.Sum256(hex.AppendEncode(text, original[:]))
	return hex.EncodeToString(sum[:])
}

// keep copies the report of a flagged message to the long-lived class of the spool.
func (j *job) keep(ctx context.Context, app *store.Application, result score.Result) error {
	if j.o.Keep == nil || !result.Disposition.Flagged() {
		return nil
	}
	ref, err := j.o.Keep(ctx, j.item.Body)
	if err != nil {
		return fmt.Errorf("keep flagged original: %w", err)
	}
	app.Record.Variants[0].Kept = &ref
	return nil
}
