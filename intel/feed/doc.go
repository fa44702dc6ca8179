// Package feed reads the lists of indicators that others publish, and tells what is new in them.
//
// A feed's list is fetched, read entry by entry, brought into the form in which messages have such values, sorted on
// the disk, and compared with the last good one. What differs goes to a Consumer: what was added, what was withdrawn,
// what has outlived its time.
//
// Reads: the lists, by https or from files; the last good copy of each.
//
// Writes: the last good copy of each list, NAME.list and NAME.json, and NAME.pending while its changes are being
// told. For a MISP feed its events too, and of a collection of TAXII its indicators and how far they were read.
//
// Invariants:
//   - I1 a list that is not believed changes nothing: neither what is known nor the last good copy.
//   - I2 what changed is durable before the Consumer is told, and stays so until the Consumer has it all: after a
//     crash it is told again, and nothing is told that is not kept. A Consumer sees a change at least once.
//   - I3 memory does not grow with a list: entries are sorted in runs of a fixed size.
//   - I4 whatever a server says, no connection goes to an address that is not public, unless the configuration names
//     its network.
//   - I5 an answer is bounded in bytes on the wire, in bytes when unpacked, in time, in entries, and in the length of
//     each.
//   - I6 a key is sent to the host of the feed's own URL alone, and stands in no error, status or file.
//   - I7 MALICIOUS needs the exact URL or the hash of a file. A domain, an address of a host or of a mailbox makes
//     SUSPICIOUS at most; a name that good mail has too makes nothing.
//
// On failure: the last good list stays in use, the reason is told once, and the list is looked at again soon, then
// less and less often. A list that stays away for longer than its entries live loses them: they expire, which changes
// no verdict.
//
// Standards: RFC 4180 (CSV), RFC 8259 (JSON), STIX 2.1 (indicators, their patterns), the MISP core format and its
// feeds, TAXII 2.1, RFC 9110 (conditional requests, Retry-After).
package feed
