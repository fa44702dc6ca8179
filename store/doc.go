// Package store keeps messages, verdicts, retraction intents, attempts, audit, and what a person must be told; search
// over them, and the sequence of what changed in them.
//
// It is a set of tables of an engine's (see package rows), written by one goroutine: the calls that wait share one
// transaction and one sync, and each of them is whole or nothing by itself. Originals are never in it; records refer to
// them in the spool. What is derived from the rows (an index, alerts) follows [Store.Changes] with a cursor.
//
// Reads: its engine's rows. [Store.Apply], [Store.Update] and [Store.Rejudge] run their caller's plan inside the
// transaction.
//
// Writes: its engine's rows.
//
// Invariants:
//   - I1 A write that was answered without an error is on the disk.
//   - I2 A report's key is applied once: a second Apply changes nothing, counters, history and audit included.
//   - I3 A Message-ID alone never joins two records, and no two tenants share one.
//   - I4 A report that is not first-hand changes no existing record.
//   - I5 Every pending intent is in exactly one of the due indexes: ready, waiting or, of a job that is paused,
//     suspended; no other intent is in one. What is suspended is brought back by the first look at what is due after
//     its job goes on.
//   - I6 The counters equal a recount of the rows.
//   - I7 A write with another Rev than the stored one is refused with [ErrConflict].
//   - I8 Each audit entry's chain covers all entries before it.
//     The log has a leaf for each entry and each applied report, written with it.
//   - I9 A change is in the sequence of changes if and only if it is durable, in the order of the commits, and no
//     number that was read is filled in later. What a follower has not done with is not pruned.
//   - I10 A read that failed is an error ([ErrRead]), never an empty answer.
//   - I11 Replacing a verdict changes no pinned record, and no intent behind which a person stands.
//
// On failure: after a commit that failed nothing is known of the file's state, for fsync errors are not retryable. The
// store is broken then: [Store.Broken] is closed and every write answers [ErrStorage] until the process opens it again.
//
// Standards: RFC 6962, section 2.1 (the log's tree). The keys' layout stands in keys.go, tables.go and schema.go.
package store
