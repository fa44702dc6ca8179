// Package query reads the one-line language in which messages are searched for, and holds messages against it; pure.
//
// A query is a list of terms that must all fit, such as
//
//	from:evil.example subject:"invoice due" -outcome:done since:2d
//
// The same package says by which terms an index finds a message ([Message.Terms]) and which of them a query needs
// ([Query.Groups]), so that the index and a walk over all messages give the same answer.
//
// Reads: text that a person wrote, and messages that strangers wrote.
//
// Invariants:
//   - I1 Where a query matches a message, the message has a term of each of the query's groups.
//   - I2 A word that is not understood is an error, so that a misspelt name never makes a search wider.
//   - I3 Parsing what [Query.String] writes gives the same query, at any time.
//
// On failure: an [Error] points at the word.
//
// Standards: RFC 3339 (times), RFC 5891 (domains are compared as A-labels).
package query
