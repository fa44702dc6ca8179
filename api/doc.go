// Package api has every operation once: what a person or a program can ask of the daemon, and who may.
//
// An operation is a row of one table: a name, the route under which the doors offer it, the role that it needs, and a
// method of Service with a request and an answer of its own. Doors (api/socket, later HTTPS) prove who asks, and the
// table's Do checks the role before anything is looked at. A principal never sees or touches what belongs to a tenant
// that is not his: what he may not see is not found, in the same words as what does not exist.
//
// Reads and writes: nothing by itself; it calls the queue, the store, the retraction engine and what judges mail.
//
// Invariants:
//
//	I1 who asks, and for which tenants, is what the door proved, never what a request says
//	I2 every change leaves an entry in the audit with the principal's name; so does every look at the bytes of a
//	   message
//	I3 no row of a store is on the wire: requests and answers are types of this package, in snake_case
//	I4 a list that ends before its end says so, and why
//
// On failure: an Error with a Code, by one table from what the parts answer. A queue's act and its audit entry are two
// commits: the act is first, so that the audit never tells of what did not happen.
//
// Standards: RFC 9457 for what the doors answer to an Error.
package api
