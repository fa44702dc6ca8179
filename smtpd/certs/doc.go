// Package certs gives the listener its certificate: from files that are read again when they change, or from a public
// CA by ACME.
//
// Reads: the certificate files; the ACME cache under the state directory; the CA.
// Writes: the ACME cache, mode 0700, files 0600.
//
// Invariants:
//
//	I1. A handshake is answered from memory. It never waits for a file, the CA or a lock held over either.
//	I2. A broken or unsuitable new certificate never replaces one that works.
//	I3. A client that sends no server name gets the certificate of the first name.
//
// On failure: the certificate in use stays; the failure is logged, shown by Status, and tried again with backoff.
//
// Standards: RFC 8555 (ACME), RFC 8737 (TLS-ALPN-01), RFC 6066, section 3 (SNI), RFC 3207 (STARTTLS).
package certs
