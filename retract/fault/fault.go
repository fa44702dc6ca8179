package fault

import (
	"fmt"
	"net/http"
	"time"
)

// Class says what to do about a Fault: one vocabulary for retry, metrics and the command line.
type Class string

// The classes of a fault.
const (
	Retry   Class = "retry"   // it did not happen; try again after After, or by the schedule when After is 0
	GiveUp  Class = "give_up" // it will not happen
	Gone    Class = "gone"    // the id is not in the mailbox (any more): look where the message is now
	Unknown Class = "unknown" // it may have happened: verify before repeating
	Auth    Class = "auth"    // the tenant's credentials or consent: pause the tenant, alert once
)

// Fault is a failure of the mailbox system, classified.
type Fault struct {
	Class   Class
	Tenant  bool          // it concerns the whole tenant rather than one mailbox
	Login   bool          // it is the login service's
	Slow    bool          // with Retry: hours rather than seconds (mailbox unavailable, being moved, over quota)
	After   time.Duration // the server's Retry-After; 0 when it named none
	Status  int           // HTTP status, 0 when there was no answer
	Code    string        // Graph's error code, such as "ErrorItemNotFound"
	Request string        // request-id, for Microsoft's support
	Detail  string        // one line for a person: what happened and what to do; no token, no subject
}

// Error is one line without secrets.
func (f *Fault) Error() string {
	s := f.Detail
	if f.Status != 0 || f.Code != "" {
		s += fmt.Sprintf(" (HTTP %d %s)", f.Status, f.Code)
	}
	if f.Request != "" {
		s += " request-id " + f.Request
	}
	return s
}

// Full reports whether the mailbox has no room, which only a person can make.
func (f *Fault) Full() bool {
	return f.Status == http.StatusInsufficientStorage || f.Code == "ErrorQuotaExceeded"
}
