// Package journal unwraps a journal report; pure: bytes in, Report out.
//
// A journal report is a message that Exchange makes: an envelope part in plain text that names the sender and every
// recipient, and the journaled message attached as it was. Parse tells what a message is, reads the envelope part, and
// says where the original lies; it never copies the original, whatever its size.
//
// Reads: an io.ReaderAt, at most a few times over; no file, no network, no clock.
//
// Writes: nothing; Readable alone makes a temporary file, for a large original that came transfer-encoded.
//
// Invariants:
//
//	I1 An original's octets are exactly those between its part's header and the line break before the next delimiter.
//	I2 Memory does not grow with the message: headers, fields, parts and recipients each have a limit (limits.go).
//	I3 Only the direct children of the report are read as envelope and original; text inside an original never is.
//	I4 What the sender of the mail writes is no field of the envelope part where its lines end in CRLF, and where it
//	   is one it wins and loses no trust: the Message-ID is the original's own, others are alternates.
//	I5 FirstHand is true only with the marker, a sign of the Journal Agent, the exact shape that Exchange gives, and
//	   no mark that Exchange Online puts on what a mailbox has sent.
//
// On failure: Parse answers an error only when the reader fails. All else is a Kind and a list of Problems; a message
// that cannot be understood is KindNotReport, or KindReport without Originals when it has the marker.
//
// Standards: MS-XJRNL 2.1; RFC 2045, 2046, 5322, 3462 (multipart/report), 6522. See docs/standards-journal.md.
package journal
