package fault

// The codes of a Fault that are not Graph's own: decisions are made by these, never by the sentence beside them.
const (
	// CodeNoMailbox is Resolve's and Members': the address is not one of this tenant's mailboxes, or groups.
	CodeNoMailbox = "no_mailbox"
	// CodeNoPermanentDelete is Purge's: this cloud has no permanentDelete.
	CodeNoPermanentDelete = "no_permanent_delete"
	// CodeNoSuchSegment is that of an answer which says that a part of the URL is unknown: the service has no such
	// action.
	CodeNoSuchSegment = "no_such_segment"
	// CodeNotCleared is Clearance's: the request was not sent, because a server asks to wait.
	CodeNotCleared = "not_cleared"
	// CodeNotSent is that of a request for which no connection to the mailbox system could be made.
	CodeNotSent = "not_sent"
	// CodeLoginUnreachable is the login service's.
	CodeLoginUnreachable = "login_unreachable"
	// CodeNoAnswer is that of a connection which broke before the answer came.
	CodeNoAnswer = "no_answer"
	// CodeTimeout is that of an answer which did not come in time.
	CodeTimeout = "timeout"
	// CodeCancelled is that of a call which was given up here, because of a stop.
	CodeCancelled = "cancelled"
)
