// Package rfc822 is the one tolerant reader of fields, parameters, transfer encodings and charsets, for journal,
// identity and score alike; on go-message where that is tolerant enough.
//
// What a mail program shows of a message decides, not what a standard demands: the reader goes on after every fault, as
// Outlook, Gmail, Thunderbird and Apple Mail do, and says which faults it read past. go-message's charsets are used;
// its header, multipart and transfer decoders end at the first fault, so these are our own.
//
// Reads: a stream by Lines, or a slice without copying it. A part is named by its offset; nothing holds a message.
//
// Writes: nothing.
//
// Invariants:
//
//	I1 No bytes are refused: each function answers for every input, and an error is only that of a reader.
//	I2 Memory and time are bounded by HeaderOptions and SplitOptions; a bound that was reached is in Bounds.
//	I3 The same bytes give the same answer from a stream and from a slice.
//	I4 What was read past is in Forgiven; well-formed input has an empty one.
//
// On failure: a stream that fails looks as if it had ended. The caller keeps the reader's error.
//
// Standards: RFC 5322, RFC 2045 to 2047, RFC 2231, RFC 2152, the WHATWG's Encoding Standard for charset labels.
package rfc822
