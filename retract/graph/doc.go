// Package graph is that interface over Microsoft Graph with msgraph-sdk-go; nothing else imports the SDK.
//
// "That interface" is exchange.Mailboxes. One Client serves one tenant. Requests and results are those of the SDK's
// packages users and models; never its root package, which imports a hundred others. What these two lack goes through
// kiota's request information on the same adapter. Beneath lies transport, which turns every failure into a
// fault.Fault before the SDK sees it.
//
// Reads: Microsoft Graph; the credential's files; for a managed identity, the machine's metadata service.
// Writes: the read state and the place of single messages in mailboxes, as it is told.
//
// Invariants:
//
//	I1  A call that changes something is sent once. After a lost answer it is Unknown, never repeated here.
//	I2  Every request asks for immutable ids and bears a client-request-id of its own.
//	I3  At most four requests at once for one mailbox, whatever the caller does.
//	I4  A candidate bears exactly the Message-ID that was asked for, byte by byte.
//	I5  No error names an address, a message id or a token.
//	I6  Nothing follows a link to another host.
//
// On failure: every method returns a *fault.Fault.
//
// Standards: Microsoft Graph v1.0: message (list, get, move, permanentDelete, update), mailFolder, user, group,
// orgContact, organization; Outlook immutable ids; OData 4.01 URL conventions section 2 (quotes in literals).
package graph
