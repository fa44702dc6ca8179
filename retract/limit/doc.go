// Package limit keeps one tenant's requests within what the servers allow: the gates that a Retry-After shuts, the
// tokens of each mailbox and of what all mailboxes share, the places at a mailbox, and how many workers a tenant may
// have.
//
// In: each call that a worker makes at a mailbox (Mailboxes), and its answer. Out: the call is made now, waits for a
// place, or is not made (NotMade, with the wait); and what the scheduler asks before it starts a worker: Room, Open,
// Next.
//
// Reads: the gates of the process before, once, by Reload. Writes: each gate that a server shuts, before the answer's
// intent is written.
//
// Invariants:
//
//	I1  No request is sent before the Retry-After of its mailbox, of the tenant or of the login service is over, after
//	    a restart either.
//	I2  No span of 10 minutes holds more than 10,000 requests for a mailbox, none of 10 seconds more than the
//	    directory's and the application's quotas.
//	I3  Never more than four requests are under way at one mailbox.
//	I4  A bulk job leaves half of a mailbox's tokens to fresh verdicts.
//
// On failure: what a server refuses, or does not answer at all, pauses the tenant and tells a person, once for one
// trouble; one worker goes ahead to see whether it is over. A gate that cannot be written binds this process alone.
//
// Standards: Microsoft Graph throttling limits (Outlook service: 10,000 requests in 10 minutes and 4 at once for each
// application and mailbox; identity: 3,500, 5,000 or 8,000 units in 10 seconds by the number of users); RFC 9110,
// section 10.2.3 (Retry-After).
package limit
