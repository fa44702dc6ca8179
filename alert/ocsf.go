package alert

import (
	"encoding/json"
	"strings"
	"time"

	"clawback/store"
	"clawback/verdict"
)

// The classes of OCSF 1.8.0 that are written.
const (
	ocsfVersion      = "1.8.0"
	emailActivity    = 4009 // category 4
	detectionFinding = 2004 // category 2
)

// product is who speaks.
type product struct{ hostname, version string }

// object is an object of JSON.
type object = map[string]any

// ocsfBody is a message for a webhook: a list of events.
func ocsfBody(p parcel, who product) ([]byte, error) {
	list := make([]object, 0, len(p.Events))
	for _, e := range p.Events {
		list = append(list, ocsfOf(e, who))
	}
	return json.Marshal(list)
}

// ocsfOf is an event as a SIEM reads it. Values are as they came: a SIEM compares them, and shows no link.
func ocsfOf(e Event, who product) object {
	switch e.Type {
	case OfVerdict:
		return ocsfVerdict(e, who)
	case OfAction:
		return ocsfAction(e, who)
	}
	return ocsfNotice(e, who)
}

// base are the attributes that every event of OCSF must have.
func base(e Event, who product, category, class, activity int) object {
	metadata := object{"version": ocsfVersion, "uid": e.ID, "logged_time": e.At.UnixMilli(),
		"product": object{"name": "clawback", "vendor_name": "clawback", "version": who.version}}
	if e.Tenant != "" {
		metadata["tenant_uid"] = e.Tenant
	}
	if e.Message != nil {
		metadata["correlation_uid"] = e.Message.Record
		if e.Message.Cut {
			metadata["is_truncated"] = true
		}
	}
	return object{"category_uid": category, "class_uid": class, "activity_id": activity,
		"type_uid": class*100 + activity, "severity_id": int(e.Severity), "time": e.At.UnixMilli(),
		"metadata": metadata, "device": object{"hostname": who.hostname, "type_id": 1}}
}

// ocsfVerdict is an Email Activity, Scan.
func ocsfVerdict(e Event, who product) object {
	m := e.Message
	o := base(e, who, 4, emailActivity, 3)
	o["direction_id"] = map[string]int{"inbound": 1, "outbound": 2, "internal": 3}[m.Direction]
	o["email"] = ocsfEmail(m)
	if m.Sender != "" {
		o["from"] = m.Sender
	}
	o["to"] = m.Recipients
	o["message"] = headline(e)
	o["disposition"], o["status_id"] = m.Disposition.String(), 1
	if list := observables(m); len(list) > 0 {
		o["observables"] = list
	}
	o["unmapped"] = object{"score": m.Score, "reasons": m.Reasons, "reason_ids": m.Rules, "disposition": m.Disposition,
		"more_recipients": m.More, "network_message_id": m.NetworkID, "received": m.Received}
	return o
}

func ocsfEmail(m *Message) object {
	o := object{"message_uid": m.MessageID, "subject": m.Subject, "from": m.author(), "to": m.Recipients}
	var files, urls []object
	for _, i := range m.Indicators {
		switch i.Kind {
		case "url":
			urls = append(urls, object{"url_string": i.Value})
		case "file":
			files = append(files, object{"name": i.Value, "type_id": 1})
		case "sha256":
			files = append(files, object{"name": i.Value, "type_id": 1,
				"hashes": []object{{"algorithm_id": 3, "value": i.Value}}})
		}
	}
	if len(files) > 0 {
		o["files"] = files
	}
	if len(urls) > 0 {
		o["urls"] = urls
	}
	return o
}

// observables are what a SIEM searches by.
func observables(m *Message) (list []object) {
	types := map[string]int{"domain": 1, "ip": 2, "email": 5, "url": 6, "file": 7, "sha256": 8}
	for _, i := range m.Indicators {
		if id := types[i.Kind]; id != 0 {
			list = append(list, object{"name": "indicator." + i.Kind, "type_id": id, "value": i.Value})
		}
	}
	if m.From != "" {
		list = append(list, object{"name": "email.from", "type_id": 5, "value": m.From})
	}
	return list
}

// ocsfAction is a Detection Finding, Update: what was done about a message in one mailbox.
func ocsfAction(e Event, who product) object {
	a, m := e.Action, e.Message
	o := base(e, who, 2, detectionFinding, 2)
	o["metadata"].(object)["profiles"] = []string{"security_control"}
	o["finding_info"] = object{"uid": m.Record, "title": headline(e), "types": []string{m.Disposition.String()},
		"created_time": m.Received.UnixMilli()}
	email := ocsfEmail(m)
	email["delivered_to_list"] = []string{a.Mailbox}
	if a.WasRead != nil {
		email["is_read"] = *a.WasRead
	}
	o["evidences"] = []object{{"email": email, "verdict_id": verdictID(m.Disposition)}}
	o["action_id"], o["disposition_id"], o["status_id"] = controls(a)
	o["status_detail"], o["message"] = a.Reason, headline(e)
	o["unmapped"] = object{"intent": a.Intent, "kind": a.Kind, "action": a.Action, "outcome": a.Outcome, "code": a.Code,
		"cause": a.Cause, "by": a.By, "dry_run": a.DryRun, "mailbox": a.Mailbox}
	return o
}

// verdictID is OCSF's word for a disposition: true positive, suspicious, benign.
func verdictID(d verdict.Disposition) int {
	switch {
	case d == verdict.Malicious:
		return 2
	case d.Flagged():
		return 4
	}
	return 5
}

// controls are the attributes of the profile security_control: what was done, with what end, and how the finding
// stands.
func controls(a *Action) (action, disposition, status int) {
	const denied, modified, unknown = 2, 4, 0
	const isNew, inProgress, suppressed, resolved = 1, 2, 3, 4
	switch a.Outcome {
	case store.Done:
		switch {
		case a.Kind == store.Restore:
			return modified, 9, resolved // restored
		case a.Action == "soft_delete" || a.Action == "hard_delete":
			return denied, 5, resolved // deleted
		}
		return denied, 3, resolved // quarantined
	case store.Failed, store.Mismatch:
		return unknown, 27, isNew // error
	case store.Held:
		return unknown, 15, inProgress // detected
	case store.Gone, store.NotFound:
		return unknown, 16, resolved // no action
	}
	return unknown, 16, suppressed
}

// ocsfNotice is a Detection Finding of the gateway itself: created, or closed when the trouble is over.
func ocsfNotice(e Event, who product) object {
	activity := 1
	status := 1
	switch {
	case e.Type == OfClear:
		activity, status = 3, 4
	case e.Notice != nil && e.Notice.Again:
		activity, status = 2, 1
	}
	o := base(e, who, 2, detectionFinding, activity)
	uid, kind := e.ID, string(e.Type)
	since := e.At
	if e.Notice != nil {
		uid, kind, since = e.Notice.ID, e.Notice.Kind, e.Notice.Since
	}
	o["finding_info"] = object{"uid": uid, "title": kind, "desc": e.Text, "types": []string{"gateway"},
		"created_time": since.UnixMilli()}
	o["status_id"], o["message"] = status, headline(e)
	o["remediation"] = object{"desc": strings.TrimSpace(orDefault(e.Do, "see clawback status"))}
	o["evidences"] = []object{{"device": object{"hostname": who.hostname, "type_id": 1}}}
	if e.Lost != nil {
		o["unmapped"] = object{"events": e.Lost.Events, "from": e.Lost.From.UTC().Format(time.RFC3339),
			"to": e.Lost.To.UTC().Format(time.RFC3339)}
	}
	return o
}
