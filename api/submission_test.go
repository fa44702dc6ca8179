package api

import (
	"context"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"clawback/config"
	"clawback/intel"
	"clawback/intel/submission"
	"clawback/store"
	"clawback/verdict"
)

// tray answers for a desk and notes what it was told to do.
type tray struct{ b *bench }

// said are three words on one record, of which one is not believed, and one on none.
func said() []submission.Submission {
	return []submission.Submission{
		{ID: "s1", Tenant: "guid-a", Record: "r1", Claim: submission.Phish}, {ID: "s2", Tenant: "guid-a", Record: "r1", Claim: submission.NotJunk},
		{ID: "s3", Tenant: "guid-a", Record: "r1", Claim: submission.Junk}, {ID: "s4", Tenant: "guid-a", Record: "r1", Claim: submission.Junk, Unproven: "x"},
		{ID: "s5", Tenant: "guid-a", Claim: submission.Junk},
	}
}

func (t tray) List(ctx context.Context, tenant string) ([]submission.Submission, error) {
	t.b.note("list %q", tenant)
	return said(), t.b.err
}

func (t tray) Get(ctx context.Context, id string) (submission.Submission, error) {
	for _, s := range said() {
		if s.ID == id {
			return s, nil
		}
	}
	return submission.Submission{}, fmt.Errorf("submission %q: %w", id, store.ErrNotFound)
}

func (t tray) Accept(ctx context.Context, id string, by submission.Decision) (submission.Submission, intel.Lesson, error) {
	t.b.note("accept %s %s %s: %s", by.Who, id, by.Is, by.Comment)
	s, err := t.Get(ctx, id)
	return s, intel.Lesson{Record: s.Record, Is: by.Is, Tokens: []string{"secret"}, Comment: by.Comment}, err
}

func (t tray) Dismiss(ctx context.Context, id string, by submission.Decision) (submission.Submission, error) {
	t.b.note("dismiss %s %s: %s", by.Who, id, by.Comment)
	return t.Get(ctx, id)
}

func (t tray) File(_ context.Context, c *config.Tenant, octets io.ReaderAt, size int64, by submission.Decision) (intel.Lesson, string, error) {
	body, err := io.ReadAll(io.NewSectionReader(octets, 0, size))
	t.b.note("file %s %s %q %s: %s", by.Who, c.ID, body, by.Is, by.Comment)
	record := ""
	if strings.Contains(string(body), "known") {
		record = "r1"
	}
	return intel.Lesson{Record: record, Is: by.Is, Comment: by.Comment}, record, err
}

func TestSubmissions_ordersBearTheOperatorsName(t *testing.T) {
	b := &bench{}
	c, name := serveScoring(t, b), me(t)
	var accepted, unknown Settled
	var filed Corrected
	for _, err := range []error{
		c.Send(t.Context(), "/v1/submissions/s1/accept", FeedbackOrder{Is: verdict.Clean, Comment: "ours"}, &accepted),
		c.Send(t.Context(), "/v1/submissions/s5/accept", FeedbackOrder{Is: verdict.Clean}, &unknown),
		c.Send(t.Context(), "/v1/submissions/s2/dismiss", FeedbackOrder{Comment: "no"}, nil),
		c.Send(t.Context(), "/v1/feedback/withdraw", FeedbackOrder{Tenant: "a", Record: "r9", Comment: "wrong"}, nil),
		c.Submit(t.Context(), "tenant=a&is=clean&comment=mine", strings.NewReader("a known mail"), &filed),
		c.Submit(t.Context(), "tenant=a&is=CLEAN", strings.NewReader("a mail"), nil),
		c.Get(t.Context(), "/v1/submissions?tenant=a", &[]Submission{}),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	want := []string{
		"accept " + name + " s1 CLEAN: ours", "clean " + name + " r1: ours", "accept " + name + " s5 CLEAN: ", "dismiss " + name + " s2: no",
		"withdraw " + name + " guid-a r9: wrong", "file " + name + ` guid-a "a known mail" CLEAN: mine`, "clean " + name + " r1: mine",
		"file " + name + ` guid-a "a mail" CLEAN: `, `list "guid-a"`,
	}
	if diff := cmp.Diff(want, b.done); diff != "" {
		t.Errorf("done (-want +got):\n%s", diff)
	}
	if !accepted.Pinned || accepted.Submission.ID != "s1" || len(accepted.Tokens) > 0 || unknown.Pinned || !filed.Pinned {
		t.Errorf("answers %+v, %+v, %+v", accepted, unknown, filed)
	}
}

func TestSubmissions_sayWhatOthersSay(t *testing.T) {
	c := serveScoring(t, &bench{})
	var list []Submission
	if err := c.Get(t.Context(), "/v1/submissions", &list); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range list {
		got = append(got, fmt.Sprintf("%s %d %d", s.ID, s.Same, s.Contrary))
	}
	if diff := cmp.Diff([]string{"s1 1 1", "s2 0 2", "s3 1 1", "s4 2 1", "s5 0 0"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var m Message
	if err := c.Get(t.Context(), "/v1/records/r1", &m); err != nil || len(m.Reported) != 4 || m.Reported[3].Same != 2 {
		t.Errorf("the record shows %+v, %v", m.Reported, err)
	}
	var one Submission
	if err := c.Get(t.Context(), "/v1/submissions/s2", &one); err != nil || one.Contrary != 2 {
		t.Errorf("%+v, %v", one, err)
	}
	for path, want := range map[string]string{"/v1/submissions/s9": "s9", "/v1/submissions?tenant=c": "tenant c"} {
		if err := c.Get(t.Context(), path, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
	for query, want := range map[string]string{"tenant=a&is=evil": "evil", "tenant=c&is=SPAM": "tenant c"} {
		if err := c.Submit(t.Context(), query, strings.NewReader("x"), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", query, err)
		}
	}
	if err := c.Submit(t.Context(), "tenant=a&is=SPAM", strings.NewReader(strings.Repeat("x", maxSubmitted+1)), nil); err == nil || !strings.Contains(err.Error(), "octets") {
		t.Errorf("a file that is too large: %v", err)
	}
}

func TestMetrics_countSubmissions(t *testing.T) {
	w := httptest.NewRecorder()
	Metrics(func(context.Context) (Status, error) {
		return Status{Tenants: []Tenant{{Name: "contoso", Submissions: map[string]int{"open": 3, "unproven": 2}}}}, nil
	}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, want := range []string{`clawback_submissions{state="open",tenant="contoso"} 3`, `clawback_submissions{state="unproven",tenant="contoso"} 2`} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s is not among the metrics", want)
		}
	}
}
