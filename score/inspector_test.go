package score

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"clawback/score/attach"
)

// inspector notes what it is asked, and reports what it is told to of files by their names.
type inspector struct {
	calls   [][]string
	reports map[string]attach.Report
}

func (i *inspector) Inspect(_ context.Context, files []attach.File, limits *attach.Limits) []attach.Report {
	var names []string
	reports := make([]attach.Report, len(files))
	for n, f := range files {
		names = append(names, f.Name)
		reports[n] = i.reports[f.Name]
	}
	i.calls = append(i.calls, names)
	limits.Files -= len(files)
	return reports
}

func files(names ...string) string {
	var parts strings.Builder
	for _, name := range names {
		body := "content of " + name
		if strings.HasPrefix(name, "empty") {
			body = ""
		}
		parts.WriteString(base64Part(name, []byte(body)))
	}
	return vary("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nSee the files.\n" +
		parts.String() + "--b--\n")
}

// All files of a message are looked into by one call, and each report is taken for its own file.
func TestInspector_isAskedOnceForAMessage(t *testing.T) {
	i := &inspector{reports: map[string]attach.Report{
		"two.zip":   {Kind: "zip", Findings: []attach.Finding{{ID: "archive_executable", Text: "It holds a program."}}},
		"three.pdf": {Kind: "pdf", Links: []attach.Link{{URL: "https://three.example/", Where: "PDF link"}}},
	}}
	s := scorer(t, Options{Inspector: i})
	r := run(t, s, files("one.txt", "empty.exe", "two.zip", "three.pdf"))
	if diff := cmp.Diff([][]string{{"one.txt", "two.zip", "three.pdf"}}, i.calls); diff != "" {
		t.Error(diff)
	}
	for id, where := range map[string]string{"attachment.archive_executable": "two.zip", "attachment.executable": "empty.exe"} {
		if got, ok := reason(r, id); !ok || !strings.Contains(got.Where, where) {
			t.Errorf("%s: %+v, want it at %s", id, got, where)
		}
	}
	i.calls = nil
	run(t, s, vary(""))
	if len(i.calls) != 0 {
		t.Errorf("a message without files: %v", i.calls)
	}
}

// A file that ends whatever looks into it is a reason, and no error.
func TestInspector_stoppedFileIsAReason(t *testing.T) {
	i := &inspector{reports: map[string]attach.Report{"b.png": {Stopped: "Looking into it had to be ended."}}}
	s := scorer(t, Options{Inspector: i})
	r := run(t, s, files("a.txt", "b.png"))
	got, ok := reason(r, "attachment.stopped")
	if !ok || got.Weight <= 0 || !strings.Contains(got.Where, "b.png") {
		t.Errorf("%+v; want a reason with points at b.png", got)
	}
	if has(run(t, s, files("a.txt")), "attachment.stopped") {
		t.Error("the message without it has the reason too")
	}
}
