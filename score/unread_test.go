package score

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"clawback/score/extract"
	"clawback/verdict"
)

// reason finds a signal in a verdict.
func reason(r Result, id string) (verdict.Reason, bool) {
	for _, one := range r.Reasons {
		if one.ID == id {
			return one, true
		}
	}
	return verdict.Reason{}, false
}

func TestUnread_isNoReasonToFlagGoodLargeMail(t *testing.T) {
	line := func(i int) string {
		return fmt.Sprintf("2026-11-04T09:%02d:%02d host%d app[%d]: request served in %d ms\n", i/60%60, i%60, i%7, 100+i%900, i%250)
	}
	var log strings.Builder
	for i := range 20_000 {
		log.WriteString(line(i))
	}
	article := "<h2>News of the week</h2><p>" + strings.Repeat("The council met on Monday and spoke about the new bridge. ", 40) + "</p>"
	for name, text := range map[string]string{
		"a log as text":    vary("Subject: Build log\n\n" + log.String()),
		"a log as page":    page("Subject: Build log", "<pre>"+log.String()+"</pre>"),
		"a long newspaper": page("Subject: News of the week\nList-Unsubscribe: <https://sender.example/leave>", strings.Repeat(article, 200)),
	} {
		r := judge(t, text, "bob.field@contoso.example")
		if _, ok := reason(r, "structure.not_read"); !ok {
			t.Errorf("%s: nothing says that it was not read to its end; %s", name, summary(r))
		}
		if r.Disposition.Flagged() {
			t.Errorf("%s is %v: %s", name, r.Disposition, summary(r))
		}
	}
}

func TestUnread_namesWhatAndWhere(t *testing.T) {
	limits := extract.Default()
	limits.Octets = 4 << 10
	s, err := New(Options{Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	text := vary("\n" + strings.Repeat("Some words of a long letter.\n", 1000))
	r, err := s.Score(context.Background(), Message{Original: strings.NewReader(text), Size: int64(len(text)), Recipients: []string{"bob.field@contoso.example"}})
	if err != nil {
		t.Fatal(err)
	}
	got, ok := reason(r, "structure.not_read")
	if !ok || !strings.Contains(got.Text, fmt.Sprint(len(text))) || !strings.Contains(got.Text, "4096") || got.Where != "message" {
		t.Errorf("reason %+v, %v: it should name %d bytes and the first 4096", got, ok, len(text))
	}
}
