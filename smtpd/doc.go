// Package smtpd accepts mail over TLS only, byte-exact, for known addresses, and answers 250 only when it is durable.
//
// A connection passes two of our layers before go-smtp sees it (docs/decisions/0001):
//
//	net.Listener -> front (greeting, EHLO, STARTTLS; 530 to all else) -> TLS -> guard -> go-smtp -> session -> Intake
//
// The front speaks the dialogue before TLS. The guard stands above TLS: it hands go-smtp one checked command line at a
// time, keeps every message body for itself, and gives go-smtp an empty DATA in the place of each DATA or BDAT. So the
// bytes of a message are read by one reader, whose framing is in body.go, and can never be taken for commands.
//
// Reads: certificates through Options.Certificates; nothing else but its sockets.
// Writes: nothing but its sockets and what Intake writes.
//
// Invariants:
//   - I1: before TLS every command but EHLO, NOOP, QUIT and STARTTLS is answered 530.
//   - I2: 250 to the end of a message is sent only after the draft's Commit returned without error (C1).
//   - I3: a message whose end was not seen is aborted: after the connection broke nothing more is read, nor committed.
//   - I4: what Intake gets are the bytes that were sent, with dots removed as RFC 5321 4.5.2 says and nothing else
//     done.
//   - I5: only CRLF "." CRLF ends DATA, and only the announced length ends a BDAT chunk.
//   - I6: all recipients of one transaction belong to one tenant, purpose and region.
//   - I7: memory for one session is bounded, whatever the client sends.
//
// On failure: storage trouble is a 4xx reply and the text of the error goes to the log alone; a panic is answered 421,
// logged with its stack, and ends that session; a drain answers 421 and leaves open transfers their time.
//
// Standards: RFC 5321 (SMTP), 1870 (SIZE), 2034 (ENHANCEDSTATUSCODES), 2920 (PIPELINING), 3030 (CHUNKING, without
// BINARYMIME), 3207 (STARTTLS), 6152 (8BITMIME), 6531 (SMTPUTF8), 9325 (use of TLS).
package smtpd
