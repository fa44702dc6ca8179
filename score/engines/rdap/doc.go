// Package rdap learns when a domain was registered, from the registries' own servers, where the administrator allows
// it.
//
// It is an engine like those of package engines: asked before the scorer, bounded by the same time, and its answer is
// evidence that the verdict records. Which server is asked stands in IANA's list of the servers of each top-level
// domain.
//
// Reads: IANA's list from its URL, and the answers of the servers.
//
// Writes: rdap.db in the state directory: answers until they expire; rdap/dns.json beside it, by package lastgood: the
// last good list. It asks a server for a domain, which tells that server that somebody wrote here from it.
//
// Invariants:
//   - I1 a message waits for one answer at most, never for the list, and never beyond the context's end.
//   - I2 no connection is made to an address that is not public, unless the configuration names its network.
//   - I3 lists and answers are bounded in size before they are read, and the cache in entries.
//   - I4 a server is asked no more often than its limiter lets, and not at all while it asked to be left alone.
//   - I5 the list never becomes empty, nor much smaller, nor older, by a refresh.
//
// On failure: what cannot be known is said in words; the last good list stays in use. A damaged cache is begun anew.
//
// Standards: RFC 7480 (HTTP), RFC 9082 (the query), RFC 9083 (the answer), RFC 9224 (the list), RFC 9110, section
// 10.2.3 (Retry-After), the Public Suffix List, RFC 5891 (A-labels).
package rdap
