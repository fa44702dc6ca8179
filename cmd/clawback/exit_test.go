package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"clawback/api"
	"clawback/api/routes"
	"clawback/store"
)

// stub answers every operation with nothing in particular, and refuses what is about "bad".
func stub(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked := r.URL.Path + string(body)
		switch {
		case strings.Contains(asked, "half"):
			routes.WriteJSON(w, 200, api.Settlement{Settled: []string{"good"}, Refused: []api.Refusal{{ID: "half", Code: api.NotHeld, Detail: "it is done"}}})
		case strings.Contains(asked, "bad"):
			routes.WriteProblem(w, &api.Error{Code: api.NotFound, Detail: "there is no such thing"})
		case strings.HasSuffix(r.URL.Path, "/retract"), strings.HasSuffix(r.URL.Path, "/restore"):
			routes.WriteJSON(w, 200, []api.Intent{})
		default:
			routes.WriteJSON(w, 200, struct{}{})
		}
	})}
	go server.Serve(ln)
	t.Cleanup(func() { server.Close() })
	return path
}

// clawback runs a command line.
func clawback(t *testing.T, socket string, args ...string) (status int, out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	status = (&app{ctx: t.Context(), in: strings.NewReader(""), out: &o, errOut: &e, files: files}).run(append([]string{"--socket", socket}, args...))
	return status, o.String(), e.String()
}

// Every verb that takes several ids ends with 0 when all was done, 1 when nothing was, 3 when a part was, with and
// without
// --json; and says of each that was not done why, once.
func TestExitStatus_ofSeveral(t *testing.T) {
	socket := stub(t)
	for _, verb := range []string{
		"queue retry", "queue retry --trust", "queue discard --yes --comment c", "bounce retry", "retract --to trash", "retract --to trash --yes-delete 9", "restore", "feedback --is SPAM",
		"feedback withdraw", "submission accept --is SPAM", "submission accept --is SPAM --to trash", "submission dismiss", "policy remove",
	} {
		for ids, want := range map[string]int{"good1 good2": exitOK, "bad1 bad2": exitFailed, "good1 bad1": exitPartly, "bad1 good1": exitPartly, "bad1": exitFailed} {
			if strings.Contains(verb, "--to trash") && strings.HasPrefix(verb, "submission") {
				ids, want = strings.ReplaceAll(ids, "good", "bad"), exitFailed // of an empty answer no record is known
			}
			for _, flag := range []string{"", " --json"} {
				status, _, errOut := clawback(t, socket, strings.Fields(verb+flag+" "+ids)...)
				if status != want {
					t.Errorf("%s%s %s: exit status %d, want %d\n%s", verb, flag, ids, status, want, errOut)
				}
				if n := strings.Count(errOut, "there is no such thing"); n != strings.Count(ids, "bad") {
					t.Errorf("%s%s %s: %d reasons\n%s", verb, flag, ids, n, errOut)
				}
				for line := range strings.Lines(errOut) {
					var f failure
					if flag != "" && (json.Unmarshal([]byte(line), &f) != nil || f.Code != api.NotFound ||
						!strings.HasPrefix(f.Object, "bad")) {
						t.Errorf("%s%s %s: %q", verb, flag, ids, line)
					}
				}
			}
		}
	}
}

// The other verbs: one thing is done or it is not; a wrong command line is neither.
func TestExitStatus_ofOne(t *testing.T) {
	socket := stub(t)
	for line, want := range map[string]int{
		"status": exitOK, "status --check": exitOK, "status --check --watch": exitUsage, "queue list": exitOK, "queue show bad": exitFailed, "queue export bad": exitFailed, "bounce list": exitOK, "bounce show bad": exitFailed,
		"search": exitOK, "show bad": exitFailed, "export bad": exitFailed, "held list": exitOK, "held campaigns": exitOK, "held approve good": exitOK,
		"held approve bad": exitFailed, "held reject half": exitPartly, "held approve --campaign half": exitPartly, "preview": exitOK, "audit": exitOK,
		"job list": exitOK, "job show bad": exitFailed, "job cancel bad": exitFailed, "job pause bad": exitFailed, "job resume bad": exitFailed, "policy list": exitOK, "policy add block_sender @bad.example": exitFailed,
		"policy export": exitOK, "rules list": exitOK, "feedback list": exitOK, "feedback reset --yes --comment bad": exitFailed, "submission list": exitOK,
		"submission show bad": exitFailed, "address list": exitOK, "address retire bad": exitFailed, "retract --to trash --subject x --yes": exitFailed, // no message fits
		"retract --to hard_delete good": exitFailed, "retract --to hard_delete --yes good": exitFailed,
		"retract --to hard_delete --yes-delete 1 good": exitOK, "retract --to hard_delete --yes-delete 1 good1 good2": exitFailed,
		"retract --to hard_delete --yes-delete 2 good bad": exitFailed, "retract --to hard_delete --yes-delete two good": exitUsage,
		"version": exitOK, "unwrap nothing-there": exitFailed, "score nothing-there": exitFailed,

		"--help": exitOK, "nonsense": exitUsage, "queue": exitUsage, "queue list --state asleep": exitUsage, "queue list --limit 0": exitUsage,
		"queue discard --comment c": exitUsage, "queue discard id --tenant a --comment c": exitUsage, "retract --to trash": exitUsage,
		"retract --to burn id": exitUsage, "retract --to trash id --subject x": exitUsage, "retract --to trash --query x:y": exitUsage,
		"retract --to trash --disposition evil": exitUsage, "restore --query a --sender b": exitUsage, "held approve": exitUsage,
		"held approve id --campaign x": exitUsage, "held approve id --query x": exitUsage, "search --disposition evil": exitUsage, "feedback id": exitUsage, "feedback id --is EVIL": exitUsage,
		"submission accept id --is CLEAN --to trash": exitUsage, "policy add block_sender @x.example --expires yesterday": exitUsage, "rules test file": exitUsage,
		"unwrap a b --original -": exitUsage,
	} {
		for _, flag := range []string{"", "--json"} {
			status, out, errOut := clawback(t, socket, strings.Fields(line+" "+flag)...)
			if status != want {
				t.Errorf("%s %s: exit status %d, want %d\n%s%s", line, flag, status, want, out, errOut)
			}
			if want == exitUsage && (out != "" || errOut == "") {
				t.Errorf("%s %s: how it is used belongs on standard error; standard output has %q", line, flag, out)
			}
		}
	}
	if status, _, errOut := clawback(t, filepath.Join(t.TempDir(), "none"), "status", "--json"); status != exitFailed ||
		!strings.Contains(errOut, `"code":"daemon_unreachable"`) {
		t.Errorf("without a daemon: %d %s", status, errOut)
	}
}

// A job that refused, failed or holds something has done a part; one that failed nothing.
func TestExitStatus_ofAJob(t *testing.T) {
	counters := func(o store.Outcome) api.JobCounters { return api.JobCounters{Outcomes: map[store.Outcome]int{o: 1}} }
	for want, jobs := range map[error][]api.Job{
		nil: {{State: store.JobCompleted}, {State: store.JobCompleted, Counters: counters(store.Done)}, {State: store.JobCompleted, Counters: counters(store.Skipped)},
			{State: store.JobProcessing, Counters: counters(store.Pending)}},
		errPartly: {{State: store.JobCompleted, Counters: counters(store.Held)}, {State: store.JobCompleted, Counters: counters(store.Failed)},
			{State: store.JobCompleted, Counters: counters(store.Mismatch)}, {State: store.JobCompleted, Counters: api.JobCounters{Refused: 1}},
			{State: store.JobCancelled, Counters: api.JobCounters{Ordered: 1}}},
		errQuiet: {{State: store.JobFailed}, {State: store.JobCancelled}},
	} {
		for _, j := range jobs {
			if got := ended(j); !errors.Is(got, want) {
				t.Errorf("%s %+v: %v, want %v", j.State, j.Counters, got, want)
			}
		}
	}
}

// The bar of a job counts mailboxes, and moves while one message is taken out of many.
func TestMailboxesDone_ofOneMessage(t *testing.T) {
	job := func(found, mailboxes, pending int) api.Job {
		return api.Job{Found: found, Counters: api.JobCounters{Mailboxes: mailboxes,
			Outcomes: map[store.Outcome]int{store.Pending: pending, store.Done: mailboxes - pending}}}
	}
	for want, j := range map[[2]int64]api.Job{
		{0, 1}: {}, {0, 1205}: job(1, 1205, 1205), {604, 1205}: job(1, 1205, 601), {1205, 1205}: job(1, 1205, 0),
		{10, 1000}: job(1000, 10, 0), // most messages are not reached yet
	} {
		if done, total := mailboxesDone(j); done != want[0] || total != want[1] {
			t.Errorf("%+v: %d/%d, want %d/%d", j, done, total, want[0], want[1])
		}
	}
}

// What an error is about is named once.
func TestAbout_namesItOnce(t *testing.T) {
	_, err := os.Open("nothing-there")
	for _, c := range []struct {
		id   string
		err  error
		want string
	}{
		{"nothing-there", err, "nothing-there: no such file or directory"},
		{"s1", errors.New(`submission "s1": not found`), `submission "s1": not found`},
		{"s1", errors.New("not found"), "s1: not found"},
		{"a", &fs.PathError{Op: "open", Path: "b", Err: fs.ErrPermission}, "a: open b: permission denied"},
	} {
		if got := about(c.id, c.err).Error(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
