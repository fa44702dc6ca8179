// Package campaign names what messages of one attacker, or of one wrong rule, have in common: who sends them, where
// their links lead, which file they carry; pure.
//
// A message belongs to several campaigns, and to each of them it counts. An attacker chooses what his campaign looks
// like, so that a brake keeps a share for the others by it; the limits in all stand above.
//
// In: a record, as strangers wrote it. Out: names such as "sender:evil.example", and the query that finds a campaign's
// messages.
//
// Reads, Writes: nothing.
//
// Invariants:
//
//	I1  A record has a bounded number of campaigns, of bounded length.
//	I2  Query of each of a record's campaigns finds that record, where what stands for its sender is an address.
//
// On failure: there is none; what cannot be named makes no campaign.
//
// Standards: docs/policies.md.
package campaign
