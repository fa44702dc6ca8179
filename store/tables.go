package store

import "clawback/store/rows"

// The tables: key -> value. T is a tenant and NUL, ^x an inverted big-endian number so that the greatest comes first,
// H16 sixteen bytes of a SHA-256.
const (
	// "schema" -> version; "audit" -> last entry's number and chain; "pruned" -> last change not kept.
	tableMeta    rows.Table = 1
	tableRecords rows.Table = 2 // record -> Record
	tableTime    rows.Table = 3 // T ^received record -> disposition
	// H16 of Message-ID, network message id, content, or what it carries; record -> tenant.
	tableNames    rows.Table = 4
	tableFiles    rows.Table = 5  // spool file NUL record -> mark
	tableTally    rows.Table = 6  // record -> its unfinished intents, its mailboxes acted upon
	tableFacts    rows.Table = 7  // record H16 of report -> what its verdict read, what it taught
	tableApplied  rows.Table = 8  // H16 of report -> Applied
	tableAge      rows.Table = 9  // time H16 of report -> mark
	tableIntents  rows.Table = 10 // intent -> Intent
	tableMailings rows.Table = 11 // record NUL intent -> mark
	tableOutcomes rows.Table = 12 // T outcome NUL ^received intent -> mark
	tableReady    rows.Table = 13 // T ^severity ^received intent -> mark; pending and due
	tableWaiting  rows.Table = 14 // due time, intent -> mark; pending and not due yet
	tableAttempts rows.Table = 15 // intent NUL number -> Attempt
	tableOpen     rows.Table = 16 // intent NUL number -> mark; the attempt began and has not ended
	tableAudit    rows.Table = 17 // number -> chain, Act
	tableCounts   rows.Table = 18 // T -> tally of the tenant
	tableMinutes  rows.Table = 19 // T kind minute -> how many, for the brake
	tableHistory  rows.Table = 20 // T H16 of key -> history.Entry
	tableOldest   rows.Table = 21 // T last seen, H16 of key -> mark
	tableKV       rows.Table = 22 // before version 4: what has tables of its own now; empty since

	tableJobs       rows.Table = 30 // job -> Job
	tableJobRecords rows.Table = 31 // job NUL number -> record; written once
	tableJobTally   rows.Table = 32 // job -> JobTally
	tableChanges    rows.Table = 23 // number -> what changed: see changes.go
	tableCursors    rows.Table = 24 // follower of the changes -> the number that it has done with
	tableNotices    rows.Table = 25 // notice -> Notice

	tablePolicies    rows.Table = 33 // T policy -> Policy
	tableCorrections rows.Table = 34 // T record -> Correction
	tableSubmissions rows.Table = 35 // T submission -> Submission
	tableAddresses   rows.Table = 36 // NUL address -> Address
	tableGates       rows.Table = 37 // T slash mailbox -> Gate
	tableOrders      rows.Table = 38 // T order -> Order
	tableIndicators  rows.Table = 39 // T or NUL indicator -> Indicator
	tableSchedules   rows.Table = 40 // NUL tenant -> Schedule
	tableRescans     rows.Table = 41 // T or NUL rescan -> Rescan

	tableSuspended rows.Table = 42 // job NUL intent -> mark; pending, met when it was due, and its job was paused

	tableTokens    rows.Table = 43 // NUL token -> Token
	tableTokenUses rows.Table = 44 // NUL token -> TokenUse

	tableSessions rows.Table = 45 // NUL session -> Session

	tableKeyUses    rows.Table = 46 // NUL use -> KeyUse
	tableKeyAnswers rows.Table = 47 // NUL use -> KeyAnswer

	tableLog rows.Table = 56 // number of a hash of the log -> it and those after it that one transaction wrote
)

// tableTitles are the names of the tables: in errors, and as the buckets of bbolt.
var tableTitles = [...]string{
	tableMeta: "meta", tableRecords: "records", tableTime: "time", tableNames: "names", tableFiles: "files",
	tableTally: "tally", tableFacts: "facts", tableApplied: "applied", tableAge: "age", tableIntents: "intents",
	tableMailings: "mailings", tableOutcomes: "outcomes", tableReady: "ready", tableWaiting: "waiting",
	tableAttempts: "attempts", tableOpen: "open", tableAudit: "audit", tableCounts: "counts", tableMinutes: "minutes",
	tableHistory: "history", tableOldest: "oldest", tableKV: "kv",
	tableJobs: "jobs", tableJobRecords: "job records", tableJobTally: "job tally",
	tableChanges: "changes", tableCursors: "cursors", tableNotices: "notices",
	tablePolicies: "policies", tableCorrections: "corrections", tableSubmissions: "submissions",
	tableAddresses: "addresses", tableGates: "gates", tableOrders: "orders",
	tableIndicators: "indicators", tableSchedules: "schedules", tableRescans: "rescans",
	tableSuspended: "suspended",
	tableTokens:    "tokens", tableTokenUses: "token uses",
	tableSessions: "sessions",
	tableKeyUses:  "idempotency keys", tableKeyAnswers: "idempotency answers",
	tableLog: "log",
}

// Tables are all tables, with their names.
func Tables() map[rows.Table]string {
	all := map[rows.Table]string{}
	for i, name := range tableTitles {
		if name != "" {
			all[rows.Table(i)] = name
		}
	}
	return all
}

func title(t rows.Table) string { return tableTitles[t] }
