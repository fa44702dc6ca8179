// Package score judges a message: Report -> Verdict with reasons and indicators; pure and deterministic given its rules
// and knowledge.
//
// A message is taken apart once (score/extract). Detectors, one file for each family, look at it and note signals: an
// id, a family, points on four sub-scores (threat, spoof, spam, bulk), a sentence with the evidence, and where it
// stands. Each family is capped. The sub-scores, the tenant's policies and a precedence make one disposition
// (decide.go).
//
// Reads the message, the tenant's configuration, the history that it is handed, and the lists of package lists.
//
// Writes nothing. What the message teaches about its senders is part of the answer, for the store to keep.
//
// Invariants:
//   - I1 no network and no clock: the same message, rules and knowledge give the same verdict; a verdict names the
//     versions of both.
//   - I2 MALICIOUS needs two independent families or one hard indicator. No authentication failure, word list or
//     verdict of Microsoft's reaches it alone.
//   - I3 bounded in time and memory whatever the octets are (extract.Limits, and the bounds of score/attach).
//   - I4 an override that Exchange noted is never evidence that a message is good.
//
// On failure: an error only when the original cannot be read or the context ends; the message is then unscored, never
// CLEAN.
//
// Standards: RFC 8601 (Authentication-Results, as Exchange writes it), RFC 7489 (alignment), RFC 6376 (DKIM), RFC 8617
// (ARC results are read), RFC 8058 (one-click unsubscribe), Unicode TR39, Microsoft's anti-spam headers.
package score
