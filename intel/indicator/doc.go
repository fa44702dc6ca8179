// Package indicator judges messages anew by values that are known to be bad: addresses of the web, hosts, files,
// senders.
//
// An indicator that is added acts at once on the mail that was delivered before, found by the store's index, and from
// then on upon mail as it comes, which it follows by the store's changes. The verdict of what carries it is replaced by
// store.Rejudge, with the indicator as the cause; what follows for the mailboxes is the tenant's policy. Many that come
// together, as a feed's do, are searched for by one probe, and their messages are judged beside each other.
//
// Reads: records, and the sequence of changes with a cursor of its own.
//
// Writes: indicators, verdicts, the audit, notices.
//
// Invariants:
//   - I1 A person's decision stands: no pinned record is touched, and none that a policy of the tenant's lets through.
//   - I2 An indicator of a tenant's touches that tenant's mail alone.
//   - I3 An indicator that would change more of a tenant's messages than the brake lets through changes none of these
//     until a person approves; what one tenant is sent does not hold it in another.
//   - I4 A host alone makes SUSPICIOUS, unless a person said MALICIOUS; one's own and popular hosts are no indicators.
//   - I5 Mail of one's own people, quotations by a known author, and lists of bad addresses (digests), are left to a
//     person.
//   - I6 A message that was committed before an indicator was added is found by the search, one that comes later by the
//     changes: none falls between. A crash repeats, and repeating changes nothing.
//
// On failure: what was begun stands in the indicator's state, and is done again after a start.
//
// Standards: none.
package indicator
