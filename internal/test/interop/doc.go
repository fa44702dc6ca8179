// Package interop lets mail programs that others wrote deliver to the real daemon, and looks at what arrived.
//
// It also asks testssl.sh what it thinks of the listener, and measures the daemon's memory while large reports arrive.
// It is a test package only; `make interop` runs it, with large reports of their full size. A program that is not
// installed is skipped with the reason: scripts/install-test-servers.sh installs them all.
//
// Reads: the daemon's control socket, and /proc for its memory.
//
// Writes: temporary directories, which each test removes.
//
// Invariants:
//
//	I1 what is compared is what the daemon keeps, as its control socket gives it, with what the client was given to
//	   send
//	I2 a program that relays may put trace fields before the message; everything after them is compared octet for
//	   octet
//	I3 nothing is contacted but 127.0.0.1
//
// On failure: the test says which octet differs, and shows the end of the daemon's and of the client's log.
package interop
