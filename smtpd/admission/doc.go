// Package admission decides how much of the disk each source of mail may fill before a person has looked at it.
//
// A source is a tenant, the purpose of an address, and a network set; all networks that no listener names are one. Each
// has a quota of its own, so that nobody fills another one's: strangers cannot keep out Exchange's mail, nor those who
// learned one tenant's address the mail of another tenant, nor postmaster's mail any report.
//
//	postmaster, any network      what waits, and what came in a day: anybody may send it, and no address is a secret
//	recovery, any network        the same: whoever sends a report again has made its header, so that it proves nothing
//	an unlisted network          what waits, and what came in a day unless it is a report: it is never attributed
//	a listed network             reports: what is in quarantine; what users report: that, and what came in a day. Mail
//	                             that is attributed, which its header shows, has no quota
//
// Where all that waits counts, the networks of peers (/24, /48) have shares: each may have as much as is left for all
// others, so that one which is noisy has half of a quota at most, and one that has sent nothing is not kept out before
// nothing is left.
//
// Reads: what the queue holds of a source, and the header of a message from a source whose quota is reached.
// Writes: nothing.
//
// Invariants:
//   - I1: a report that is attributed to its tenant is never refused because of a quota.
//   - I2: what arrives counts while it arrives: many messages at once do not pass a quota together.
//   - I3: memory is bounded by the number of sources, which the configuration names, by maxPeers networks of each, and
//     by maxHeader for a message.
//   - I4: of what is counted in a day nothing is remembered past the end of the daemon; what waits is the queue's.
//
// On failure: none of its own. A message beyond a quota is refused with ErrQuota, which is temporary (452), and the
// alert says what to do.
package admission
