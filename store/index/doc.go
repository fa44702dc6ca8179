// Package index finds records by what they carry: words, addresses, links, files, verdicts, outcomes.
//
// It is derived from the store's rows and can be made anew from them at any time. A record is a set of terms (package
// query hashes them); a query needs one term of each of its groups. What the index finds is held against the record
// itself, so that a term that is not true any more costs time and gives no wrong answer.
//
// Terms lie in segments: files that are written once, each with the records of one day (UTC, of their arrival). Small
// ones are merged; days past their retention are removed whole. What is newer than the last segment on the disk lies in
// segments of the same form in memory, and a search first brings in what the store has changed since.
//
// A probe asks for thousands of terms at once: each segment is asked for all of them, its filter first. It names
// records that carry one as far as the index knows, and leaves the look at the record to whoever acts by it.
//
// Reads: the store's sequence of changes, with a durable cursor; its records; its own directory.
//
// Writes: its own directory. The list of the segments that count is one file, replaced whole.
//
// Invariants:
//   - I1 A search finds each record that fits and that was committed before the search began, or says that it is not
//     whole.
//   - I2 The store's cursor is never ahead of what is durable here, so that a crash repeats changes and skips none.
//   - I3 A segment is never changed, and removed only when the list does not name it any more.
//   - I4 A search answers for the one tenant that it was asked for: each record is held against it.
//   - I5 What a message says cannot hide it: left out are those alone that have a term of a fact that must not be, and
//     that no other term of theirs could be taken for one.
//
// On failure: what cannot be written stays in memory, up to a bound, and is tried again; searches say when they are not
// whole. A directory that is damaged, missing or of another store is built anew, and the store is searched row by row
// meanwhile.
//
// Standards: none. Filters are Bloom's, in blocks of one cache line.
package index
