// Package store keeps messages, verdicts, retraction intents, attempts, audit; search over them.
//
// It is one bbolt file, store.db, written by one goroutine: the calls that wait share one transaction and one fsync,
// and each of them is whole or nothing by itself. Originals are never in it; records refer to them in the spool.
//
// Reads: store.db, all of it through bbolt; [Store.Apply] runs its caller's plan inside the transaction.
//
// Writes: store.db. At start it may write store.db.new (a first file, or a compacted one) and rename it.
//
// Invariants:
//   - I1 A write that was answered without an error is on the disk.
//   - I2 A report's key is applied once: a second Apply changes nothing, counters, history and audit included.
//   - I3 A Message-ID alone never joins two records, and no two tenants share one.
//   - I4 A report that is not first-hand changes no existing record.
//   - I5 Every pending intent is in exactly one of the two due indexes, ready or waiting; no other intent is in one.
//   - I6 The counters equal a recount of the rows.
//   - I7 A write with another Rev than the stored one is refused with [ErrConflict].
//   - I8 Each audit entry's chain covers all entries before it.
//
// On failure: after a commit that failed nothing is known of the file's state, for fsync errors are not retryable. The
// store is broken then: [Store.Broken] is closed and every write answers [ErrStorage] until the process opens it again.
//
// Standards: none; the keys' layout stands in keys.go and schema.go.
package store
