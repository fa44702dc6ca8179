package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"clawback/config"
	"clawback/intel"
	"clawback/queue"
	"clawback/retract"
	"clawback/spool"
	"clawback/store"
	"clawback/verdict"
)

// The codes and their statuses are those that docs/decisions/0017 promises.
func TestCodes_areDocumented(t *testing.T) {
	text, err := os.ReadFile("../docs/decisions/0017-one-api.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| (\\d+) \\|").FindAllStringSubmatch(string(text),
		-1) {
		documented[m[1]] = m[2]
	}
	for code, row := range Statuses {
		if documented[string(code)] != fmt.Sprint(row.Status) || row.Title == "" {
			t.Errorf("%s is %d (%q), and documented as %q", code, row.Status, row.Title, documented[string(code)])
		}
	}
	if len(documented) != len(Statuses) {
		t.Errorf("%d codes are documented, and there are %d", len(documented), len(Statuses))
	}
}

// What the parts answer has a code, through every wrapping; what has none is a fault of ours.
func TestClassify(t *testing.T) {
	for _, c := range []struct {
		err  error
		want Code
	}{
		{store.ErrNotFound, NotFound}, {queue.ErrNotFound, NotFound}, {retract.ErrNotHeld, NotHeld}, {retract.ErrOwnAct, OwnAct},
		{retract.ErrEnded, WrongState}, {retract.ErrNoTenant, WrongState}, {retract.ErrInvalid, InvalidRequest},
		{intel.Refuse(intel.ErrInvalid, "x"), InvalidRequest}, {intel.Refuse(intel.ErrBusy, "x"), Busy}, {intel.Refuse(intel.ErrConfigured, "x"), WrongState},
		{config.ErrNoSuchTenant, InvalidRequest}, {queue.ErrState, WrongState}, {store.ErrConflict, Changed}, {store.ErrInvalid, InvalidRequest},
		{spool.ErrMissing, BodyGone}, {spool.ErrCorrupt, BodyGone}, {store.ErrStorage, Unavailable}, {queue.ErrStorage, Unavailable},
		{store.ErrClosed, Unavailable}, {queue.ErrClosed, Unavailable}, {context.Canceled, Unavailable}, {errors.New("boom"), Internal},
		{problem(Ambiguous, "x"), Ambiguous},
	} {
		wrapped := fmt.Errorf("approve intent n1: %w", errors.Join(errors.New("a"), c.err))
		if got := classify(wrapped); got.Code != c.want || got.Error() != wrapped.Error() || !errors.Is(got, &Error{Code: c.want}) {
			t.Errorf("%v: %s %q, want %s", c.err, got.Code, got, c.want)
		}
		if !errors.Is(classify(wrapped), c.err) && c.want != Ambiguous {
			t.Errorf("%v is not what %s wraps", c.err, c.want)
		}
	}
	if CodeOf(nil) != "" {
		t.Error("no error has a code")
	}
}

// What was answered by 500 before, or by a sentence only, and its neighbours.
func TestOperations_refusals(t *testing.T) {
	root := Root("ada")
	for _, c := range []struct {
		name    string
		op      Any
		request any
		err     error // of the world
		want    Code
		says    string
	}{
		{"approve what is not held", ApproveHeld, HeldOrder{Intents: []string{"intent-a"}}, fmt.Errorf("%w: it is done", retract.ErrNotHeld), NotHeld, "it is done"},
		{"reject what is not held", RejectHeld, HeldOrder{Intents: []string{"intent-a"}}, retract.ErrNotHeld, NotHeld, ""},
		{"approve a campaign that is not held", ApproveHeld, HeldOrder{Campaign: "x"}, retract.ErrNotHeld, NotHeld, ""},
		{"approve one's own act", ApproveHeld, HeldOrder{Intents: []string{"intent-a"}}, retract.ErrOwnAct, OwnAct, "another person"},
		{"approve nothing", ApproveHeld, HeldOrder{}, nil, InvalidRequest, "name intents"},
		{"approve intents and a campaign", ApproveHeld, HeldOrder{Intents: []string{"intent-a"}, Campaign: "x"}, nil, InvalidRequest, "not both"},
		{"approve what is not there", ApproveHeld, HeldOrder{Intents: []string{"nothing"}}, nil, NotFound, "nothing"},
		{"approve of a tenant, without a campaign", ApproveHeld, HeldOrder{Intents: []string{"intent-a"}, Tenant: "a"}, nil, InvalidRequest, "campaign only"},
		{"a job without anything", StartJob, JobOrder{Action: "trash"}, nil, InvalidRequest, "name records, or search"},
		{"a job that searches for everything", StartJob, JobOrder{Action: "trash", Search: &Search{}}, nil, InvalidRequest, "nothing in particular"},
		{"a job that searches in a tenant alone", StartJob, JobOrder{Restore: true, Search: &Search{Tenant: "a"}}, nil, InvalidRequest, "nothing in particular"},
		{"a job with records and a search", PreviewJob, JobOrder{Restore: true, Records: []string{"record-a"}, Search: &Search{Sender: "x"}}, nil, InvalidRequest, "not both"},
		{"a job with an action and a restore", StartJob, JobOrder{Action: "junk", Restore: true, Records: []string{"record-a"}}, nil, InvalidRequest, "or restores"},
		{"a job with no action", StartJob, JobOrder{Records: []string{"record-a"}}, nil, InvalidRequest, ""},
		{"a job with another action", StartJob, JobOrder{Action: "burn", Records: []string{"record-a"}}, nil, InvalidRequest, "junk, trash"},
		{"cancel what has ended", CancelJob, ItemOrder{ID: "job-a"}, retract.ErrEnded, WrongState, ""},
		{"no such action", RetractMessage, MessageOrder{Key: "record-a", Action: "burn"}, nil, InvalidRequest, "junk, trash, soft_delete or hard_delete"},
		{"action none", RetractMessage, MessageOrder{Key: "record-a", Action: "none"}, nil, InvalidRequest, ""},
		{"a restore with an action", RestoreMessage, MessageOrder{Key: "record-a", Action: "trash"}, nil, InvalidRequest, ""},
		{"ambiguous", ShowMessage, MessageRef{Key: "<same@x.example>"}, nil, Ambiguous, "name one of record-a record-b"},
		{"changed meanwhile", RestoreMessage, MessageOrder{Key: "record-a"}, store.ErrConflict, Changed, ""},
		{"variant", ExportMessage, MessageRef{Key: "record-a", Variant: 3}, nil, InvalidRequest, "the record has 1"},
		{"state", ListItems, ItemQuery{State: "asleep"}, nil, InvalidRequest, "ready, working"},
		{"state of a bounce", ListBounces, BounceQuery{State: "asleep"}, nil, InvalidRequest, "waiting, stuck"},
		{"proof", ListRecords, RecordQuery{Search: Search{Proof: "luck"}}, nil, InvalidRequest, "network_id, content or person"},
		{"limit", ListItems, ItemQuery{Paging: Paging{Limit: 1001}}, nil, InvalidRequest, "from 1 to 1000"},
		{"limit of a list in memory", ListJobs, JobQuery{Paging: Paging{Limit: -1}}, nil, InvalidRequest, "from 1 to 1000"},
		{"a cursor of nobody", ListItems, ItemQuery{Paging: Paging{Cursor: "!"}}, nil, InvalidRequest, "cursor"},
		{"a cursor of another list", ListJobs, JobQuery{Paging: Paging{Cursor: cursorOf("item-a")}}, nil, InvalidRequest, "another list"},
		{"a cursor of another list in the audit", ListAudit, AuditQuery{Paging: Paging{Cursor: cursorOf("item-a")}}, nil, InvalidRequest, "another list"},
		{"discard without a reason", DiscardItem, ItemOrder{ID: "item-a", Comment: "  "}, nil, InvalidRequest, "say why"},
		{"discard everything", PreviewDiscard, Selection{}, nil, InvalidRequest, "name what"},
		{"discard of a network and of none", PreviewDiscard, Selection{Network: "x", Unlisted: true}, nil, InvalidRequest, "exclude"},
		{"peers", PreviewDiscard, Selection{Peers: "everybody"}, nil, InvalidRequest, "CIDR"},
		{"discard what is not in quarantine", DiscardItem, ItemOrder{ID: "item-a", Comment: "x"}, queue.ErrState, WrongState, ""},
		{"no such tenant", ListPolicies, PolicyQuery{Tenant: "c"}, nil, InvalidRequest, "name one of a, b"},
		{"no policy", AddPolicies, PolicyOrder{Tenant: "a"}, nil, InvalidRequest, "no policy"},
		{"a bad policy", AddPolicies, PolicyOrder{Tenant: "a", Policies: []NewPolicy{{}}}, intel.Refuse(intel.ErrInvalid, "kind is not known"), InvalidRequest, "kind"},
		{"a policy of the file", RemovePolicy, PolicyRemoval{ID: "p", Tenant: "a"}, intel.Refuse(intel.ErrConfigured, "take it out there"), WrongState, ""},
		{"a store that broke", AddPolicies, PolicyOrder{Tenant: "a", Policies: []NewPolicy{{}}}, store.ErrStorage, Unavailable, ""},
		{"a policy that is not there", RemovePolicy, PolicyRemoval{ID: "p9", Tenant: "a"}, store.ErrNotFound, NotFound, ""},
		{"a second backtest", BacktestRules, Backtest{}, intel.Refuse(intel.ErrBusy, "under way"), Busy, ""},
		{"a correction that says nothing", GiveCorrection, CorrectionOrder{Key: "record-a"}, nil, InvalidRequest, "say what"},
		{"an acceptance that says nothing", AcceptSubmission, SubmissionOrder{ID: "submission-a1"}, nil, InvalidRequest, "say what"},
		{"a dismissal that says something", DismissSubmission, SubmissionOrder{ID: "submission-a1", Is: verdict.Spam}, nil, InvalidRequest, ""},
		{"no message in a file", SubmitFile, Upload{Tenant: "a", Is: verdict.Spam}, nil, InvalidRequest, "no message"},
		{"a withdrawal twice", WithdrawCorrection, CorrectionWithdrawal{Tenant: "a", Record: "record-a"}, fmt.Errorf("value of lesson/x: %w", store.ErrNotFound), NotFound, "no correction of"},
		{"an address that is not there", RetireAddress, AddressOrder{}, nil, NotFound, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := c.op.DoAny(t.Context(), (&world{err: c.err}).service(), root, pointer(c.request))
			if CodeOf(err) != c.want || err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: %v; want %s that says %q", CodeOf(err), err, c.want, c.says)
			}
			for _, key := range []string{"lesson/", "policy/", "submission/", "address/", "retract/"} {
				if err != nil && strings.Contains(err.Error(), key) {
					t.Errorf("the error shows a key of the store: %v", err)
				}
			}
		})
	}
}

// A search that meets its bound answers with what it has found, and says that there may be more.
func TestLists_sayThatASearchWasEnded(t *testing.T) {
	s := (&world{err: fmt.Errorf("list: %w", store.ErrBound)}).service()
	root := Root("ada")
	records, err := ListRecords.Do(t.Context(), s, root, RecordQuery{})
	if err != nil || len(records.Items) != 2 || records.Cut != CutBySearch {
		t.Errorf("records %+v, %v", records, err)
	}
	for _, op := range []Op[IntentQuery, Page[Intent]]{ListHeld, ListDryRun} {
		if page, err := op.Do(t.Context(), s, root, IntentQuery{}); err != nil || len(page.Items) != 2 || page.Cut != CutBySearch {
			t.Errorf("%s %+v, %v", op.Name, page, err)
		}
	}
	if acts, err := ListAudit.Do(t.Context(), s, root, AuditQuery{}); err != nil || len(acts.Items) != 2 || acts.Cut != CutBySearch {
		t.Errorf("audit %+v, %v", acts, err)
	}
	s = (&world{err: store.AuditBound{Before: 7}}).service() // of the audit it is known where to go on
	if acts, err := ListAudit.Do(t.Context(), s, root, AuditQuery{}); err != nil || acts.Next != cursorOf("7") || acts.Cut != CutBySearch {
		t.Errorf("audit %+v, %v", acts, err)
	}
	if p, err := PreviewJob.Do(t.Context(), (&world{}).service(), root, JobOrder{Restore: true, Search: &Search{Sender: "x"}}); err != nil || p.Cut != CutBySearch {
		t.Errorf("preview %+v, %v", p, err)
	}
}

// One after the other, the parts of each list are the whole list, and only the last has no cursor.
func TestLists_goOnByCursor(t *testing.T) {
	root := Root("ada")
	s := (&world{}).service()
	all := map[string][2]int{} // parts of one row, rows in all
	for _, op := range Operations() {
		request := op.NewRequest()
		if _, ok := any(request).(interface{ paging() *Paging }); !ok {
			continue
		}
		answer := func(p Paging) string {
			request := op.NewRequest()
			*request.(interface{ paging() *Paging }).paging() = p
			page, err := op.DoAny(t.Context(), s, root, withTenant(request))
			if err != nil {
				t.Fatalf("%s: %v", op.Row().Name, err)
			}
			return shown(t, page)
		}
		var whole struct {
			Items []json.RawMessage
			Next  string
			Cut   Cut
		}
		if err := json.Unmarshal([]byte(answer(Paging{})), &whole); err != nil || whole.Next != "" || whole.Cut != "" || len(whole.Items) == 0 {
			t.Errorf("%s: %+v, %v", op.Row().Name, whole, err)
		}
		var parts []json.RawMessage
		for cursor, n := "", 0; n == 0 || cursor != ""; n++ {
			page := whole
			page.Items, page.Next, page.Cut = nil, "", ""
			if err := json.Unmarshal([]byte(answer(Paging{Cursor: cursor, Limit: 1})), &page); err != nil || (page.Cut == CutByLimit) != (page.Next != "") || n > 9 {
				t.Fatalf("%s: %+v, %v", op.Row().Name, page, err)
			}
			parts, cursor = append(parts, page.Items...), page.Next
		}
		all[op.Row().Name] = [2]int{len(parts), len(whole.Items)}
		for i := range min(len(parts), len(whole.Items)) {
			if string(parts[i]) != string(whole.Items[i]) {
				t.Errorf("%s: row %d is another", op.Row().Name, i)
			}
		}
	}
	for name, n := range all {
		if n[0] != n[1] {
			t.Errorf("%s: %d rows in parts, %d in all", name, n[0], n[1])
		}
	}
	if len(all) < 12 {
		t.Errorf("only %v have parts", all)
	}
}

// withTenant names tenant a where one must be named.
func withTenant(request any) any {
	if q, ok := request.(*PolicyQuery); ok {
		q.Tenant = "a"
	}
	return request
}

// Where the row of a cursor is gone, a list goes on from where that was.
func TestPart_itsRowIsGone(t *testing.T) {
	key := func(s string) string { return s }
	first, err := part([]string{"a", "b", "c", "d"}, Paging{Limit: 2}, key, key)
	if err != nil || first.Cut != CutByLimit {
		t.Fatalf("%+v, %v", first, err)
	}
	for name, c := range map[string]struct{ rows, want string }{
		"as it was": {"abcd", "cd"}, "its row is gone": {"acd", "cd"}, "all are gone": {"", ""}, "one came in front": {"xabcd", "cd"}, "it moved back": {"cdab", ""},
	} {
		next, err := part(strings.Split(c.rows, ""), Paging{Cursor: first.Next}, key, key)
		if got := strings.Join(next.Items, ""); err != nil || got != c.want {
			t.Errorf("%s: %q, %v, want %q", name, got, err, c.want)
		}
	}
}
