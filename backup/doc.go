// Package backup copies the whole state of a running daemon into one file, and puts it back on an empty machine.
//
// A backup is a tar archive: what it is (clawback-backup.json), the files of the state directory, and last a manifest
// with the size and the SHA-256 digest of each. It may be encrypted with age (https://age-encryption.org) to one or
// more public keys.
//
// Reads: the queue, the store and the spool of a daemon that works on; a backup. Writes: a backup; the files of a state
// directory.
//
// Invariants:
//
//	I1 it is consistent: the queue is copied first, then the store, then the spool. An item that ended in between is
//	   in the copy of the queue still, and judged again, which changes nothing; one that came in between is in the
//	   spool's log. Every body that a row names is in the spool that is copied after it.
//	I2 what was interrupted never passes for a whole: a backup gets its name when it was read back, and one without
//	   its manifest, or with a file that differs from it, is refused. A restore moves files to their places last, and
//	   a daemon refuses to start before.
//	I3 nothing is written over: a restore wants a directory that is empty.
//	I4 a backup is for its owner alone: files have mode 0600, directories 0700.
//
// On failure: the error says what was not done, and what was half done is removed.
//
// Standards: POSIX.1-2001 (pax) tar; FIPS 180-4 (SHA-256); age-encryption.org/v1.
package backup
