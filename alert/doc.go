// Package alert tells people and programs elsewhere of verdicts, of what was done, and of trouble.
//
// One follower reads the changes of the store and makes an event of each that a route names. Events wait in alerts.db,
// a list for each route, so that what was true when something happened is what is told, however long the receiver is
// away. A worker for each route delivers them in order, many in one message, and keeps the answers.
//
// Reads: the store's changes, with the rows that they name; the configuration's [[alert]] tables; receivers' answers.
//
// Writes: alerts.db below state_dir; the follower's cursor in the store; messages to receivers.
//
// Invariants:
//
//	I1 an event waits in every route that names it before the follower's place moves past its change: one transaction
//	I2 an event leaves a list only when the receiver took it, or when the list's bound cuts it, which is an event too
//	I3 a message that was begun is sent again as it was, under the same id, until it is taken: at least once, in order
//	I4 no connection goes to an address that is not public, or that private_networks does not name; none is redirected
//	I5 what a message or a receiver says is bounded, and nothing in it steers a terminal, a card or a mail program
//
// On failure: a route is tried again after seconds, then minutes, then every half hour; others are not held up. After a
// quarter of an hour a person is told by a notice, which other routes carry. A change that cannot be read is tried
// again. Without alerts.db the follower goes on from its cursor in the store.
//
// Standards: Standard Webhooks 1.0.0, Adaptive Cards 1.4, RFC 5424 and 5425 (syslog), RFC 5322 and 3834 (mail), OCSF
// 1.8.0.
package alert
