package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"slices"
	"sync"
)

// ETag is the entity tag of an answer: what is read again with the same tag has not changed (RFC 9110, section 8.8.3).
// Fields that change by being looked at, or by the clock, are marked `etag:"-"` and do not count.
func ETag(answer any) string {
	text, err := json.Marshal(settled(reflect.ValueOf(answer)).Interface())
	if err != nil {
		return `"unknown"`
	}
	sum := sha256.Sum256(text)
	return `"` + hex.EncodeToString(sum[:12]) + `"`
}

// settled is a copy of a value without the fields that do not count.
func settled(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.Struct:
		if !restless(v.Type()) {
			return v
		}
		out := reflect.New(v.Type()).Elem()
		out.Set(v)
		for i := range v.NumField() {
			switch f := v.Type().Field(i); {
			case f.Tag.Get("etag") == "-":
				out.Field(i).SetZero()
			case f.IsExported():
				out.Field(i).Set(settled(v.Field(i)))
			}
		}
		return out
	case reflect.Slice:
		if v.IsNil() || !restless(v.Type()) {
			return v
		}
		out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			out.Index(i).Set(settled(v.Index(i)))
		}
		return out
	}
	return v
}

// restless reports whether values of a type have fields that do not count.
func restless(of reflect.Type) bool {
	switch of.Kind() {
	case reflect.Slice:
		return restless(of.Elem())
	case reflect.Struct:
		for i := range of.NumField() {
			f := of.Field(i)
			if f.Tag.Get("etag") == "-" || f.IsExported() && f.Type != of && restless(f.Type) {
				return true
			}
		}
	}
	return false
}

type conditionKey struct{}

// IfMatch has an operation carried out only if what it is about still has one of these entity tags; "*" is any.
func IfMatch(ctx context.Context, tags []string) context.Context {
	return context.WithValue(ctx, conditionKey{}, tags)
}

// A subject is what an act is about: the operation that shows it, and the request for that.
type subject struct {
	show Any
	ref  any
}

func itemRef(id string) *ItemRef { return &ItemRef{ID: id} }

// subjectOf is what an act is about. One that makes something new, or is about many things, has none.
func subjectOf(name string, request any) (subject, bool) {
	switch r := request.(type) {
	case ItemOrder:
		switch name {
		case RetryItem.Name, TrustItem.Name, DiscardItem.Name:
			return subject{ShowItem, itemRef(r.ID)}, true
		case RetryBounce.Name:
			return subject{ShowBounce, itemRef(r.ID)}, true
		case PauseJob.Name, ResumeJob.Name, CancelJob.Name:
			return subject{ShowJob, itemRef(r.ID)}, true
		case PauseRescan.Name, ResumeRescan.Name, CancelRescan.Name, ApproveRescan.Name:
			return subject{ShowRescan, itemRef(r.ID)}, true
		case RevokeToken.Name:
			return subject{ShowToken, itemRef(r.ID)}, true
		}
	case SubmissionOrder:
		return subject{ShowSubmission, itemRef(r.ID)}, true
	case MessageOrder:
		return subject{ShowMessage, &MessageRef{Key: r.Key, Tenant: r.Tenant}}, true
	case CorrectionOrder:
		return subject{ShowMessage, &MessageRef{Key: r.Key, Tenant: r.Tenant}}, true
	case CorrectionWithdrawal:
		return subject{ShowMessage, &MessageRef{Key: r.Record, Tenant: r.Tenant}}, true
	case IndicatorOrder:
		return subject{ShowIndicator, &IndicatorRef{ID: r.ID, Tenant: r.Tenant}}, true
	case PolicyRemoval:
		return subject{ShowPolicy, &PolicyRef{ID: r.ID, Tenant: r.Tenant}}, true
	case AddressOrder:
		return subject{ShowAddress, &AddressRef{r.Address}}, true
	case FeedApproval:
		return subject{ShowFeed, &FeedRef{r.Feed}}, true
	case FeedOrder:
		return subject{ShowFeed, &FeedRef{r.Feed}}, r.Feed != ""
	case HeldOrder:
		if len(r.Intents) == 1 {
			return subject{ShowHeld, &HeldRef{r.Intents[0]}}, true
		}
	}
	return subject{}, false
}

// hold has one act at a time on a subject, so that nobody else's act comes between a condition and what depends on it.
// What clawback does by itself meanwhile is not held up: each part looks at the state again in its own commit.
func (s *Service) hold(ctx context.Context, about subject) (release func(), err error) {
	key, err := json.Marshal([]any{about.show.Row().Name, pathOf(about.ref)})
	if err != nil {
		return nil, err
	}
	for {
		wait := s.subjects.reserve(string(key))
		if wait == nil {
			return func() { s.subjects.free(string(key)) }, nil
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// pathOf is the text of a reference's fields, those of the path too.
func pathOf(ref any) (texts []string) {
	v := reflect.Indirect(reflect.ValueOf(ref))
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.String {
			texts = append(texts, f.String())
		}
	}
	return texts
}

// busySubjects are those on which an act is under way.
type busySubjects struct {
	mu   sync.Mutex
	busy map[string]chan struct{}
}

// reserve takes a subject, or says what to wait for.
func (b *busySubjects) reserve(key string) (wait <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if ended, is := b.busy[key]; is {
		return ended
	}
	if b.busy == nil {
		b.busy = map[string]chan struct{}{}
	}
	b.busy[key] = make(chan struct{})
	return nil
}

func (b *busySubjects) free(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.busy[key])
	delete(b.busy, key)
}

// precede takes the subject of an act, and refuses where a condition does not hold.
func (s *Service) precede(ctx context.Context, a access, request any) (release func(), err error) {
	tags, conditional := ctx.Value(conditionKey{}).([]string)
	about, is := subjectOf(a.op.Name, request)
	switch {
	case !is && conditional:
		return nil, problem(Precondition, "%s is about nothing that has one ETag: leave If-Match out", a.op.Name)
	case !is:
		return func() {}, nil
	}
	if release, err = s.hold(ctx, about); err != nil || !conditional {
		return release, err
	}
	now, err := about.show.show(ctx, s, a, about.ref)
	if err == nil && !slices.Contains(tags, "*") && !slices.Contains(tags, ETag(now)) {
		err = problem(Precondition, "it has changed since you read it: its ETag is %s now", ETag(now))
	}
	if err != nil {
		release()
		return nil, err
	}
	return release, nil
}
