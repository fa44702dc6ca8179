// Package systemd is how the daemon stands under systemd: units, readiness and watchdog, journald fields.
//
// Reads: $NOTIFY_SOCKET, $WATCHDOG_USEC, $WATCHDOG_PID, $LISTEN_PID, $LISTEN_FDS, $LISTEN_FDNAMES, $JOURNAL_STREAM.
// Writes: datagrams to the notify socket and to journald's socket; log lines.
//
// Invariants:
//
//	I1. Without systemd every call is a harmless no-op, and the log is plain text.
//	I2. The watchdog is fed only by a probe that has just succeeded, so that a daemon that hangs is restarted.
//	I3. A log record never blocks longer than journald's socket buffer, and is never lost silently: what journald does
//	    not take goes to the plain writer.
//
// Files beside the code, and where they are installed:
//
//	clawback.service, clawback.socket, clawback-acme.socket   /usr/lib/systemd/system/
//	clawback.sysusers, clawback.tmpfiles                      /usr/lib/sysusers.d/ and tmpfiles.d/clawback.conf
//	clawback.catalog                                          /usr/lib/systemd/catalog/; journalctl --update-catalog
//
// On failure: notifications and log lines that cannot be sent are no reason to stop taking mail; errors are returned
// for the log, and the daemon goes on.
//
// Standards: sd_notify(3), sd_listen_fds(3), systemd.exec(5) on $JOURNAL_STREAM, "Native Journal Protocol", and the
// journal message catalog of systemd.
package systemd
