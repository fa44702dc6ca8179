package daemon

import "time"

// noticeKind is what is known of a kind of notice beside what raises it.
type noticeKind struct {
	do    string        // what a person does about it
	lasts time.Duration // until it ends by itself unless it is raised again; 0: until it is cleared
	state bool          // it follows from the daemon's state, which raises and clears it
	now   bool          // it does not wait for tomorrow: mail is put off, or bad mail stays in mailboxes
	event string        // anybody can bring it about: logged as a warning under this name, and no alert
}

// Notices that are raised by what happens stand for an hour at least, so that they are seen, and are logged once while
// they stand.
const (
	hour = time.Hour
	day  = 24 * time.Hour
)

// kinds are all kinds of notices. Each is explained in docs/operations.md.
var kinds = map[string]noticeKind{
	// What follows from the state.
	"mail.deferred": {state: true, now: true, do: "make room under state_dir, or mend what is named; " +
		"senders try again for a day or two"},
	"quota.reached": {state: true, do: "clawback queue list --state quarantined; discard by query, or name the " +
		"network that it comes from"},
	"quota.postmaster": {state: true, event: "quota.reached",
		do: "clawback queue list --state quarantined: discard what is there for postmaster, or wait for its expiry"},
	"quarantine": {state: true, do: "clawback queue list --state quarantined; then queue retry, or queue discard"},
	"bounce.stuck": {state: true, do: "clawback bounce list --state stuck; mend the alternate mailbox or its " +
		"relay, then bounce retry"},
	"retractions.held": {state: true, do: "clawback held list; then held approve, or held reject"},
	"retract.stuck": {state: true, now: true,
		do: "clawback show ID names the attempts; take the message by hand meanwhile"},
	"retract.gave_up": {state: true, now: true,
		do: "take the message by hand, or clawback retract ID to try again"},
	"submissions.open": {state: true, do: "clawback submission list; then submission accept, or submission dismiss"},
	"certificate": {state: true, do: "clawback check --online; mend the files or what keeps the CA from asking, " +
		"before it ends"},
	"disk.low": {state: true, do: "make room under state_dir before new mail is put off; spool.retention says how " +
		"long reports are kept"},
	"queue.backlog": {state: true, now: true, do: "look at the load of the machine and at its disk; newer mail is " +
		"judged beside the backlog"},
	"queue.deferred": {state: true, now: true, do: "clawback queue list --state deferred says why; mend it, or wait"},
	"bounce.late": {state: true, do: "clawback bounce list; clawback check --online tries the alternate mailbox " +
		"and its relay"},
	"journal.silent": {state: true, now: true, do: "look whether the journal rule is enabled (Get-JournalRule), and " +
		"validate the connector; Microsoft disables a rule whose target was away for two days"},
	"retract.throttled": {state: true, now: true, do: "nothing, if it ends; else find what else asks Graph with this " +
		"application"},
	"retract.late": {state: true, now: true, do: "clawback check --online tries Graph; show ID has the attempts"},
	"graph.credential_expires": {state: true, do: "make a new one, add it to the app registration, put it in " +
		"place of the old one, and reload; see clawback setup exchange"},
	"rdap.list":      {state: true, do: "open outgoing HTTPS to the list's address, or set rdap off"},
	"networks.stale": {state: true, do: "open outgoing HTTPS to the list's address; the list of before stays in use"},
	// What follows from what happened.
	"feed.away":    {do: "clawback intel feeds; open outgoing HTTPS to it; the last good list stays in use"},
	"feed.refused": {do: "clawback intel feeds; where its length is right: clawback intel update NAME --accept"},
	"feed.hit": {lasts: day, do: "clawback intel list; make room there by intel remove, or add the indicator " +
		"by hand"},
	"indicator.waiting": {do: "clawback intel explain; then intel approve, or intel remove"},
	"rejudge.waiting":   {do: "clawback rescan show; then rescan approve, or rescan cancel"},
	"rejudge.passed":    {lasts: 7 * day, do: "look at the log; judge that time again by clawback rescan since:2d"},
	"rescan.waiting":    {do: "clawback rescan show; then rescan approve, or rescan cancel"},
	"address.vanished": {now: true, lasts: day, do: "put the address back and reload, or run clawback address " +
		"retire; see clawback address list"},
	"region.refused": {now: true, lasts: day,
		do: "mend the MX records; see clawback check --online, clawback address list"},
	"quota.reached_share": {lasts: hour,
		do: "look who it is: clawback queue list --state quarantined; others are accepted"},
	"quota.postmaster_share": {lasts: hour, event: "quota.reached",
		do: "nothing: others are accepted; clawback queue list --state quarantined shows what it is"},
	"attribution.failing": {lasts: 2 * hour,
		do: "clawback queue list --state quarantined says by what; a new domain goes into originator_org, or replace " +
			"the address"},
	"spool.damaged": {now: true, lasts: 7 * day,
		do: "look at the disk; the report is in quarantine: have the message journaled again, or discard it"},
	"score.failed": {lasts: day, do: "see the log of the item; it is tried again, and stays unscored until then"},
	"engine.away":  {lasts: hour, do: "clawback check --online; mail is judged without it meanwhile"},
	"inspector.failed": {lasts: hour, do: "see the log for why no process starts; what is attached is not read " +
		"meanwhile"},
	"route.failing": {do: "clawback alert deliveries NAME says what the receiver answers; mend it, or the route; " +
		"what is to be told waits"},
	"route.dropped": {lasts: 7 * day, do: "clawback alert list; what was dropped is found by clawback search and " +
		"clawback audit; mend the receiver, or raise the route's keep and max_size"},
	"config.restart": {do: "systemctl restart clawback: the sockets stay open meanwhile"},
	"config.refused": {do: "clawback check says what is wrong; mend the file and reload"},
	"retract.brake": {now: true, lasts: day,
		do: "clawback held campaigns; look at them, then clawback held approve"},
	"retract.auth":     {now: true, do: "clawback check --online; mend the credential or the permissions of the app"},
	"retract.outage":   {now: true, do: "nothing, if Microsoft's service is away; else open outgoing HTTPS to it"},
	"retract.internal": {lasts: 7 * day, do: "clawback show ID; approve or reject it, and report the fault"},
	"retract.full": {lasts: 25 * hour,
		do: "make room or raise the quota in Exchange Online, then retract what failed"},
	"retract.brought_back": {lasts: 7 * day, do: "clawback show ID; it stays. To have it taken: clawback restore ID, " +
		"then retract ID"},
	"retract.group": {lasts: 7 * day, do: "take the message from the further members by hand, or by a job"},
}
