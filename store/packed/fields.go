package packed

// fields are the names that have a byte, by their numbers. It is part of what is on the disk: a name is added at the
// end, and none is ever taken out or moved.
var fields = [...]string{
	"id", "tenant", "network_message_id", "message_id", "alternate_ids", "content", "sender", "from", "from_name",
	"subject", "date", "received", "direction", "recipients", "variants", "more", "related", "contents", "doubts",
	"carries", "forwards", "verdict", "first_hand", "region", "pinned", "pinned_by", "retracted_by", "rejudged",
	"changed", "rev", "sha256", "report", "body", "kept", "section", "encoding", "at", "file", "offset", "size",
	"crc", "f", "o", "n", "c", "disposition", "score", "threat", "spoof", "spam", "bulk", "review", "shadow",
	"reasons", "family", "weight", "text", "where", "indicators", "kind", "value", "rules", "knowledge", "degraded",
	"address", "type", "expanded_from", "forwarded_from", "r", "i", "read", "taught", "untaught", "key",
	"first_seen", "last_seen", "sent", "aligned", "began", "aligned_days", "sent_days", "record", "mailbox",
	"campaigns", "groups", "action", "forwarded", "cause", "severity", "limits", "dry_run", "outcome", "reason",
	"code", "tries", "not_before", "created", "acted", "unknown", "message", "original_folder", "folder_name",
	"target", "was_read", "approved", "round", "by", "job", "hold", "cancelled", "misses", "looks", "faults",
	"fault_since", "taken", "folder", "was", "tried", "found", "state", "proof", "unread_only", "max_age", "intent",
	"seq", "operation", "started", "finished", "detail", "who", "what", "object", "comment", "chain", "processed",
	"not_first_hand", "records", "dispositions", "outcomes", "restores", "held", "by_content", "history",
	"last_report", "connector_validated", "messages", "refers", "network", "how", "do", "since", "last", "until",
	"times", "name", "filter", "ordered", "paused", "call_off", "called_off", "error", "originals",
}

// fieldNumber finds a name in the list.
var fieldNumber = func() map[string]int {
	numbers := make(map[string]int, len(fields))
	for n, name := range fields {
		numbers[name] = n
	}
	return numbers
}()
