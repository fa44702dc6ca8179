package systemd

// Event is a kind of log record with an entry in journald's catalog. A record says which it is by the attribute
// "event"; the journal handler adds the MESSAGE_ID.
type Event string

// The events that have a catalog entry.
const (
	EventWatchdog Event = "watchdog_unfed"
)
