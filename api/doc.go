// Package api is HTTP/JSON over a unix socket: what the command line, and later the console, ask of the daemon.
//
// bbolt's lock shuts every second process out, even one that only reads; so whoever wants to know or change something
// asks the daemon here. The socket's file permissions are the access control (mode 0660, the service's group); the
// operator's name in the audit is that of the peer's user id, as the kernel tells it, and what the command line says beside it.
//
// Reads and writes: nothing by itself; it calls the queue, the store and the retraction engine.
//
// Invariants:
//
//	I1 every change is made by a POST and leaves an entry in the audit with the operator's name
//	I2 an answer is JSON, an error is {"error": "..."} with a sentence that says what to do
//
// On failure: 404 for an unknown id, 409 for a conflict with what happened meanwhile, 400 for a request that makes no sense.
package api
