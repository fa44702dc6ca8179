// Package sighting makes an indicator of each entry of a feed that a message carries.
//
// Feeds list a million values, messages carry some dozen of them. What was delivered before is searched for each
// entry that is new in a feed; a message that comes is held against all entries. An entry that is found becomes an
// indicator of the feed's, with all that follows for one: the brake, the verdicts, the tenant's policy.
//
// Reads: what is new in feeds, records, and the sequence of changes with a cursor of its own.
//
// Writes: indicators, through their desk; sightings.json, which entries have become one.
//
// Invariants:
//   - I1 a person's decision stands: an indicator of his is never changed, and one that he removed does not come
//     again while the feed goes on listing it.
//   - I2 an entry that its feed withdraws withdraws its indicator, unless another feed lists it too; one whose time
//     is over matches no more, and no verdict changes.
//   - I3 a message is found by the search or by the changes: entries are held against what comes before what was
//     delivered is searched for them.
//
// On failure: what could not be done is told again by the feed, or read again from the changes.
//
// Standards: none.
package sighting
