// Package rejudge judges delivered messages again: by a schedule after they came, and over a search when a person asks
// for it.
//
// The schedule is a time of arrival for each of its stages (5 minutes, 12 hours, 24 hours), up to which a tenant's
// messages have been judged again. It remembers by which version of rules and knowledge that was. Where the version is
// still the same nothing is read, however much mail came; else the messages of a stretch are read, and the originals of
// those whose verdict is of another version. Indicators and feeds are no part of the version: they act at once, by the
// changes of the store (packages indicator and sighting).
//
// A rescan judges what a search finds. It first counts what would change, and replaces no verdict before a person
// approves, unless one has approved a rescan by the same version before.
//
// Reads: records, and through intel.Judge their originals; the versions of rules and knowledge.
//
// Writes: verdicts, by store.Rejudge with the cause; how far schedules and rescans are; notices.
//
// Invariants:
//   - I1 A person's decision stands: no record is judged again that is pinned, or that a person had retracted.
//   - I2 A position is written behind what it says was done. A crash repeats a stretch, and repeating changes nothing.
//   - I3 No verdict becomes milder by what could not be asked or read in time, or by an indicator whose time is over.
//   - I4 A version replaces no more verdicts by the schedule than the brake (package intel/brake) lets through: the
//     rest is counted by a rescan, which a person approves.
//   - I5 A rescan replaces what was counted by the version that is in force, and not much more.
//   - I6 A stretch or page at which the process ended three times is passed over, and told.
//
// On failure: a store that fails has the step tried again; a message that cannot be judged keeps its verdict.
//
// Standards: none.
package rejudge
