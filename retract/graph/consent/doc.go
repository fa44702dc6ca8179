// Package consent lets an administrator consent to a tenant's use of Microsoft Graph, and proves that it worked.
//
// The administrator opens a page of Microsoft's; the answer comes back by a redirect, to a callback on the loopback
// interface or, on a machine without a browser, as an address that is pasted. What the redirect says proves nothing:
// the tenant is taken as connected only when a token for it could be had and /organization agrees.
//
// Reads: a redirect; what Microsoft answers to Ask. Writes: nothing.
//
// Invariants:
//
//	I1  The state is random, and good for one answer.
//	I2  An error is looked for before anything else: admin_consent=True comes with errors too.
//	I3  The callback listens on the loopback interface alone, and shows nothing of what it was sent.
//	I4  The tenant that the redirect names is never trusted: Verify asks Microsoft.
//
// On failure: ErrDeclined, ErrState, ErrTenant, each with what to do; or the error of Ask when time is over.
//
// Standards: Microsoft identity platform, admin consent (v2.0 endpoint); RFC 6749 section 10.12 (state); RFC 8252
// section 7.3 (loopback redirect).
package consent
