// Package exchange is the mailbox system as retraction needs it: mailboxes, their messages and folders, and how far out
// of sight a folder is.
//
// [Mailboxes] is declared here by its consumer; retract/graph implements it over Microsoft Graph.
//
// Reads: nothing. Writes: nothing.
//
// Invariants:
//
//	I1  Ranks are in order: user folders, Junk Email, Deleted Items, Recoverable Items\Deletions, Purges.
//	I2  A call that changes something is sent once; every failure is a *fault.Fault.
//
// On failure: *fault.Fault.
//
// Standards: Microsoft Graph, message, mailFolder (well-known folder names), immutable ids.
package exchange
