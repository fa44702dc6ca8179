// Package lastgood keeps a list that somebody else publishes: fetched from time to time, judged, and the last good one
// kept for when it is not.
//
// Reads: the list's URL; at the start the kept copy, or the one that the program ships.
//
// Writes: the kept copy, atomically.
//
// Invariants:
//   - I1 what is not believed changes neither the list in use nor the kept copy.
//   - I2 whoever uses the list never waits for a refresh.
//   - I3 an answer and a copy are bounded in size before they are read, and a refresh in time.
//   - I4 a kept copy is judged as an answer is: it may have been edited.
//
// On failure: the last good list stays in use, the failure is told, and the URL is asked again soon, then less and less
// often.
//
// Standards: RFC 9110 (HTTP), without its caches.
package lastgood
