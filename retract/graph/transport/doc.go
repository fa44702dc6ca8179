// Package transport carries one HTTP request to Microsoft Graph and turns everything that is not success into a
// classified fault.Fault, before a Graph SDK sees it.
//
// It is an http.RoundTripper that is put under the SDK. What the SDK does badly with errors, retries, redirects,
// compression and bodies cannot happen above it: the SDK only ever sees complete answers of success.
//
// Reads: the network. Writes: nothing.
//
// Invariants:
//
//	I1  No request leaves without a bearer token, nor for another host than Graph's.
//	I2  No request is sent twice, but after a 401, which says that nothing was done, and then once, with a new token;
//	    and by net/http, which sends a GET again when a connection that it had used before breaks. Each sending is
//	    cleared with the caller first (fault.Clearance): no Retry-After is passed over, and each counts.
//	I3  Every answer that is not 2xx ends as a *fault.Fault; so does a 2xx whose JSON is cut short or none.
//	I4  A change whose answer was lost is Unknown, never Retry, and so is each whose answer is a 5xx; one that surely
//	    never left is Retry.
//	I5  Every body is bounded, read to its end or given up, and closed. The only body that streams is a message's
//	    MIME.
//	I6  No Fault names an address, a message id, a URL or a token.
//
// On failure: a *fault.Fault, found with errors.As through the *url.Error of net/http.
//
// Standards: RFC 9110 (section 10.2.3, Retry-After; section 15, status codes), RFC 6750 section 3 (WWW-Authenticate),
// Microsoft Graph error responses, throttling guidance, continuous access evaluation.
package transport
