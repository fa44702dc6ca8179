package alert

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"clawback/store"
	"clawback/verdict"
)

// required are the attributes that OCSF 1.8.0 demands of each event, and of each class besides.
var (
	required = []string{"activity_id", "category_uid", "class_uid", "type_uid", "severity_id", "time", "metadata"}
	ofClass  = map[float64][]string{4009: {"direction_id", "email"}, 2004: {"finding_info"}}
)

func TestOCSF_hasWhatTheSchemaDemands(t *testing.T) {
	p := sample()
	body, err := ocsfBody(p, product{"gw.example", "1.0"})
	must(t, err)
	var list []map[string]any
	must(t, json.Unmarshal(body, &list))
	if len(list) != len(p.Events) {
		t.Fatalf("%d events of %d", len(list), len(p.Events))
	}
	types := map[string]float64{}
	for i, e := range list {
		name := string(p.Events[i].Type)
		class, _ := e["class_uid"].(float64)
		for _, attribute := range slices.Concat(required, ofClass[class]) {
			if _, there := e[attribute]; !there {
				t.Errorf("%s: %s is missing", name, attribute)
			}
		}
		activity, _ := e["activity_id"].(float64)
		types[name], _ = e["type_uid"].(float64)
		if types[name] != class*100+activity || e["category_uid"] != map[float64]float64{4009: 4, 2004: 2}[class] {
			t.Errorf("%s: class %v, activity %v, type %v, category %v", name, class, activity, types[name],
				e["category_uid"])
		}
		checkCommon(t, name, e, p.Events[i])
		if class == 2004 {
			checkFinding(t, name, e)
		}
	}
	want := map[string]float64{"verdict": 400903, "action": 200402, "notice": 200401, "cleared": 200403,
		"cut": 200401, "test": 200401}
	if fmt.Sprint(types) != fmt.Sprint(want) {
		t.Errorf("types %v, want %v", types, want)
	}
	checkEmail(t, list[0])
}

// checkCommon looks at what is the same in all events: times in milliseconds, our event's id, who speaks.
func checkCommon(t *testing.T, name string, e map[string]any, from Event) {
	t.Helper()
	metadata, _ := e["metadata"].(map[string]any)
	product, _ := metadata["product"].(map[string]any)
	if metadata["version"] != "1.8.0" || metadata["uid"] != from.ID || product["name"] == "" {
		t.Errorf("%s: metadata %v", name, metadata)
	}
	if e["time"] != float64(from.At.UnixMilli()) || e["severity_id"] != float64(from.Severity) {
		t.Errorf("%s: time %v, severity %v", name, e["time"], e["severity_id"])
	}
	if from.Message != nil && metadata["correlation_uid"] != from.Message.Record {
		t.Errorf("%s: correlated by %v", name, metadata["correlation_uid"])
	}
}

// checkFinding looks at a Detection Finding: finding_info needs a uid, and an evidence something that it shows.
func checkFinding(t *testing.T, name string, e map[string]any) {
	t.Helper()
	info, _ := e["finding_info"].(map[string]any)
	if info["uid"] == nil || info["uid"] == "" || info["title"] == "" {
		t.Errorf("%s: finding_info %v", name, info)
	}
	evidences, _ := e["evidences"].([]any)
	for _, one := range evidences {
		evidence, _ := one.(map[string]any)
		if evidence["email"] == nil && evidence["url"] == nil && evidence["file"] == nil && evidence["device"] == nil {
			t.Errorf("%s: evidence %v shows nothing", name, evidence)
		}
	}
	if status, _ := e["status_id"].(float64); status < 1 || status > 4 {
		t.Errorf("%s: status_id %v", name, e["status_id"])
	}
}

// checkEmail looks at a verdict's email: from or to, files with name and type, urls with their text.
func checkEmail(t *testing.T, e map[string]any) {
	t.Helper()
	email, _ := e["email"].(map[string]any)
	if email["from"] == nil || email["to"] == nil || email["message_uid"] != "<1@evil.example>" {
		t.Errorf("email %v", email)
	}
	files, _ := email["files"].([]any)
	for _, one := range files {
		if file, _ := one.(map[string]any); file["name"] == nil || file["type_id"] != 1.0 {
			t.Errorf("file %v", file)
		}
	}
	urls, _ := email["urls"].([]any)
	if len(files) != 1 || len(urls) != 1 || urls[0].(map[string]any)["url_string"] != "https://evil.example/login" {
		t.Errorf("files %v, urls %v", files, urls)
	}
	if e["direction_id"] != 1.0 {
		t.Errorf("direction_id %v", e["direction_id"])
	}
}

// A message without an author or recipients has what an email needs all the same.
func TestOCSF_emailWithoutAddresses(t *testing.T) {
	for _, m := range []*Message{{}, {Direction: "sideways", Recipients: []string{}}, {Sender: "a@x.example"}} {
		e := ocsfOf(Event{ID: "1", Type: OfVerdict, Message: m}, product{})
		email := e["email"].(object)
		if email["from"] == "" || e["direction_id"] != 0 {
			t.Errorf("%+v: %v", m, e)
		}
	}
}

// Each outcome of an action has numbers of the profile security_control.
func TestOCSF_outcomes(t *testing.T) {
	type numbers struct{ action, disposition, status int }
	for _, c := range []struct {
		a    Action
		want numbers
	}{
		{Action{Kind: store.Retract, Action: "trash", Outcome: store.Done}, numbers{2, 3, 4}},
		{Action{Kind: store.Retract, Action: "hard_delete", Outcome: store.Done}, numbers{2, 5, 4}},
		{Action{Kind: store.Restore, Action: "restore", Outcome: store.Done}, numbers{4, 9, 4}},
		{Action{Kind: store.Retract, Action: "trash", Outcome: store.Failed}, numbers{0, 27, 1}},
		{Action{Kind: store.Retract, Action: "trash", Outcome: store.Mismatch}, numbers{0, 27, 1}},
		{Action{Kind: store.Retract, Action: "trash", Outcome: store.Held}, numbers{0, 15, 2}},
		{Action{Kind: store.Retract, Action: "trash", Outcome: store.Gone}, numbers{0, 16, 4}},
		{Action{Kind: store.Retract, Action: "trash", Outcome: store.NotFound}, numbers{0, 16, 4}},
		{Action{Kind: store.Retract, Action: "trash", Outcome: store.Skipped}, numbers{0, 16, 3}},
	} {
		action, disposition, status := controls(&c.a)
		if got := (numbers{action, disposition, status}); got != c.want {
			t.Errorf("%+v: %+v, want %+v", c.a, got, c.want)
		}
	}
	for d, want := range map[verdict.Disposition]int{verdict.Malicious: 2, verdict.Suspicious: 4, verdict.Spam: 4,
		verdict.Clean: 5, verdict.Bulk: 5} {
		if got := verdictID(d); got != want {
			t.Errorf("%s: verdict_id %d, want %d", d, got, want)
		}
	}
}

// However much strangers write, an event fits what a receiver of syslog is told to take.
func TestOCSF_isBounded(t *testing.T) {
	rec := badRecord(sample().At)
	long := make([]byte, 1<<20)
	for i := range long {
		long[i] = "é<&\""[i%5]
	}
	rec.Subject, rec.MessageID, rec.From = string(long), string(long), string(long)
	for range 1000 {
		rec.Recipients = append(rec.Recipients, rec.Recipients[0])
		rec.Verdict.Reasons = append(rec.Verdict.Reasons, verdict.Reason{ID: "x", Text: string(long[:3000])})
		rec.Verdict.Indicators = append(rec.Verdict.Indicators, verdict.Indicator{Kind: "url", Value: string(long[:5000])})
	}
	s := &syslogSender{hostname: "gw.example"}
	for _, format := range []string{"alert", "ocsf"} {
		s.route.Format = format
		e := eventOfVerdict(rec)
		e.ID, e.At = "1", rec.Received
		message, err := s.message(e)
		must(t, err)
		if len(message) > maxSyslog {
			t.Errorf("%s: %d bytes", format, len(message))
		}
		if body := message[slices.Index(message, '{'):]; !json.Valid(body) {
			t.Errorf("%s: it is not JSON", format)
		}
	}
}
