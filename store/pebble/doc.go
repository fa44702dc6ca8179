// Package pebble keeps a store's rows in a directory of Pebble, a log-structured merge tree.
//
// Most rows are found by a hash. In pages, as bbolt keeps them, each touches a page of its own; a log-structured tree
// writes whatever comes together in one piece. docs/decisions/0013 has the measurements.
//
// Reads, Writes: the directory store/ in the directory that it is given.
//
// Invariants:
//   - I1 A transaction whose Commit returned nil is on the disk.
//   - I2 One process has the directory open.
//   - I3 Want of space breaks nothing: a commit is refused while less than [reserve] bytes are free, and what is
//     written behind the commits (flushes, compactions) waits until there is space.
//
// On failure: Pebble ends the process when its log or its manifest cannot be written. Here the engine is broken
// instead: every commit fails, and only opening the directory again helps.
//
// Standards: none.
package pebble
