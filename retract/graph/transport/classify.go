package transport

import (
	"net/http"

	"clawback/retract/fault"
)

// rule is one row of the classification: which answers it is for, and what they mean. The first row that fits counts.
// The class is that of a call which changes nothing; see mayHaveActed for the others.
type rule struct {
	status    int    // 0: any
	code      string // "": any
	directory scope  // for which calls
	class     fault.Class
	tenant    bool
	slow      bool
	detail    string
}

// scope restricts a rule to calls about the directory or to calls about a mailbox.
type scope uint8

const (
	anywhere scope = iota
	directoryOnly
	mailboxOnly
)

// Words for a person. None of them may depend on what the server wrote.
const (
	throttled   = "Microsoft is throttling"
	unavailable = "the mailbox server is not available"
	moving      = "the mailbox is being moved"
	serverError = "an error inside Microsoft's service"
	gateway     = "a gateway between here and the mailbox gave up"
	conflict    = "another change came in between"
	locked      = "the mailbox or message is locked"
	badToken    = "the access token is refused; check the tenant's credential and consent"
	outOfScope  = "the application may not read this mailbox: grant Mail.ReadWrite, or add the mailbox to its " +
		"RBAC scope (takes up to two hours)"
	noConsent = "the application lacks a permission: an administrator must consent to Mail.ReadWrite and " +
		"User.Read.All"
	noMailboxHere  = "the mailbox is inactive, soft-deleted, not licensed or on premises"
	itemGone       = "the message is not there any more"
	userGone       = "the account is not there any more"
	otherID        = "the id is not one of this mailbox"
	badRequest     = "Graph refuses the request as malformed: please report this"
	cannotDelete   = "the message lies in Recoverable Items or is on hold and cannot be deleted"
	full           = "the mailbox, or its Recoverable Items folder, is full"
	noSuchAction   = "this cloud does not offer the action"
	redirected     = "the server sends elsewhere; check graph_url"
	unexpected     = "an answer that is not documented"
	notFoundNoCode = "not found, without a reason"
)

// rules is the table of facts.
var rules = []rule{
	{status: 429, class: fault.Retry, detail: throttled},
	{code: "TooManyRequests", class: fault.Retry, detail: throttled},
	{code: "ApplicationThrottled", class: fault.Retry, detail: throttled},
	{code: "ErrorTooManyObjectsOpened", class: fault.Retry, detail: throttled},
	{code: "activityLimitReached", class: fault.Retry, detail: throttled},

	{status: 401, class: fault.Auth, tenant: true, detail: badToken},
	{status: 407, class: fault.Auth, tenant: true, detail: "a proxy wants a login"},
	{status: 403, code: "Authorization_RequestDenied", class: fault.Auth, tenant: true, detail: noConsent},
	{status: 403, directory: directoryOnly, class: fault.Auth, tenant: true, detail: noConsent},
	{status: 403, class: fault.Retry, slow: true, detail: outOfScope},

	{code: "ErrorMailboxMoveInProgress", class: fault.Retry, slow: true, detail: moving},
	{code: "ErrorQuotaExceeded", class: fault.Retry, slow: true, detail: full},
	{status: 507, class: fault.Retry, slow: true, detail: full},
	{code: "MailboxNotEnabledForRESTAPI", class: fault.Retry, slow: true, detail: noMailboxHere},
	{code: "extensionError", class: fault.Retry, slow: true, detail: noMailboxHere},
	{code: "ResourceNotFound", class: fault.Retry, slow: true, detail: noMailboxHere},
	{code: "ErrorNonExistentMailbox", class: fault.Retry, slow: true, detail: noMailboxHere},
	{code: "ErrorInvalidUser", class: fault.GiveUp, detail: userGone},
	{code: "Request_ResourceNotFound", class: fault.GiveUp, detail: userGone},
	{code: "ErrorItemNotFound", class: fault.Gone, detail: itemGone},
	{code: "ErrorInvalidMailboxItemId", class: fault.Gone, detail: otherID},
	{code: "ErrorInvalidIdMalformed", class: fault.Gone, detail: otherID},
	{code: "ErrorCannotDeleteObject", class: fault.GiveUp, detail: cannotDelete},
	{status: 404, class: fault.Retry, slow: true, detail: notFoundNoCode},
	{status: 410, class: fault.Retry, slow: true, detail: noMailboxHere},

	{code: "ErrorIrresolvableConflict", class: fault.Retry, detail: conflict},
	{code: "resourceModified", class: fault.Retry, detail: conflict},
	{status: 409, class: fault.Retry, detail: conflict},
	{status: 412, class: fault.Retry, detail: conflict},
	{status: 423, class: fault.Retry, detail: locked},
	{status: 424, class: fault.Retry, detail: "a request it depended on has not succeeded"},
	{status: 425, class: fault.Retry, detail: unavailable},
	{status: 408, class: fault.Retry, detail: gateway},
	{status: 499, class: fault.Retry, detail: gateway},

	{status: 503, class: fault.Retry, detail: unavailable},
	{status: 502, class: fault.Retry, detail: gateway},
	{status: 504, class: fault.Retry, detail: gateway},
	{status: 509, class: fault.Retry, detail: gateway},
	{status: 501, class: fault.GiveUp, detail: noSuchAction},
	{code: fault.CodeNoSuchSegment, class: fault.GiveUp, detail: noSuchAction},
	{status: 405, class: fault.GiveUp, detail: noSuchAction},
	{status: 400, class: fault.GiveUp, detail: badRequest},
}

// classify says what an answer means for a call.
func classify(c Call, a Answer) *fault.Fault {
	f := &fault.Fault{Status: a.Status, Code: a.Code, Request: a.Request, After: a.After}
	r := find(c, a)
	f.Class, f.Slow = r.class, r.slow
	// The directory's quota is the tenant's.
	f.Tenant = a.TenantWide || r.tenant || (c.Directory && r.detail == throttled)
	if c.Changes && mayHaveActed(a.Status) {
		f.Class = fault.Unknown
	}
	f.Detail = c.Name + ": " + r.detail
	if a.UnknownSegment {
		f.Code = fault.CodeNoSuchSegment
	}
	if a.Denied == "policy" && a.Status == http.StatusForbidden {
		f.Detail = c.Name + ": an ApplicationAccessPolicy shuts the application out of this mailbox (a change takes " +
			"30 minutes)"
	}
	return f
}

// mayHaveActed reports whether an answer can come from after the change: every 5xx, whatever its code says of a busy
// server (a 503 has been seen to come after the message was moved), a server's timeout (408, and 499 of a proxy), and
// what is no answer at all. A 4xx else, 429 included, is given before anything is done.
func mayHaveActed(status int) bool {
	return status >= 500 || status < 300 || status == http.StatusRequestTimeout || status == clientClosedRequest
}

// clientClosedRequest is what some proxies answer in place of a server that was too slow.
const clientClosedRequest = 499

// find looks for the innermost code first, then for the outer one, then for the status alone.
func find(c Call, a Answer) rule {
	if a.UnknownSegment && a.Status < 500 {
		r, _ := fitting(c, a.Status, fault.CodeNoSuchSegment)
		return r
	}
	for _, code := range []string{a.Inner, a.Code} {
		if code == "" {
			continue
		}
		if r, ok := fitting(c, a.Status, code); ok {
			return r
		}
	}
	if r, ok := fitting(c, a.Status, ""); ok {
		return r
	}
	return byHundred(a.Status)
}

func fitting(c Call, status int, code string) (rule, bool) {
	for _, r := range rules {
		if r.fits(c, status, code) {
			return r, true
		}
	}
	return rule{}, false
}

// fits: with a code, only rows that name it; without, only rows that name none.
func (r rule) fits(c Call, status int, code string) bool {
	if r.code != code || (r.status != 0 && r.status != status) {
		return false
	}
	return r.directory == anywhere || (r.directory == directoryOnly) == c.Directory
}

// byHundred is for statuses without a row.
func byHundred(status int) rule {
	switch {
	case status >= 500:
		return rule{class: fault.Retry, detail: serverError}
	case status >= 400:
		return rule{class: fault.GiveUp, detail: unexpected}
	case status >= 300:
		return rule{class: fault.GiveUp, tenant: true, detail: redirected}
	}
	return rule{class: fault.Retry, detail: unexpected}
}
