package transport

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"clawback/retract/fault"
)

var (
	readMail   = Call{Name: "read"}
	changeMail = Call{Name: "move", Changes: true}
	askUsers   = Call{Name: "look up", Directory: true}
)

// TestClassify_everyRow has a row for every status and code that Graph is known to answer (facts 2.4: T transient, P
// permanent, A authorisation, V verify), with what each means for a read, for a change, and for the directory.
func TestClassify_everyRow(t *testing.T) {
	const (
		retry   = fault.Retry
		giveUp  = fault.GiveUp
		gone    = fault.Gone
		unknown = fault.Unknown
		auth    = fault.Auth
	)
	for _, c := range []struct {
		status                  int
		code                    string
		read, change, directory fault.Class
		slow                    bool
	}{
		// T: throttling.
		{429, "TooManyRequests", retry, retry, retry, false},
		{429, "ApplicationThrottled", retry, retry, retry, false},
		{429, "ErrorTooManyObjectsOpened", retry, retry, retry, false},
		{429, "activityLimitReached", retry, retry, retry, false},
		{429, "", retry, retry, retry, false},
		{429, "SomethingNew", retry, retry, retry, false},
		{503, "TooManyRequests", retry, unknown, retry, false},
		// T: the service is busy. Every 5xx may come from after the change, whatever its words.
		{503, "MailboxInfoStale", retry, unknown, retry, false},
		{503, "serviceNotAvailable", retry, unknown, retry, false},
		{503, "ErrorMailboxStoreUnavailable", retry, unknown, retry, false},
		{503, "ErrorServerBusy", retry, unknown, retry, false},
		{503, "ErrorMailboxMoveInProgress", retry, unknown, retry, true},
		{503, "SystemMemoryProtectionUtilizationMonitor", retry, unknown, retry, false},
		{503, "", retry, unknown, retry, false},
		// T, limited, and V.
		{500, "ErrorMoveCopyFailed", retry, unknown, retry, false},
		{500, "ErrorInternalServerError", retry, unknown, retry, false},
		{500, "ErrorInternalServerTransientError", retry, unknown, retry, false},
		{500, "generalException", retry, unknown, retry, false},
		{500, "UnknownError", retry, unknown, retry, false},
		{500, "", retry, unknown, retry, false},
		{502, "", retry, unknown, retry, false},
		{502, "UnknownError", retry, unknown, retry, false},
		{504, "", retry, unknown, retry, false},
		{504, "ErrorTimeoutExpired", retry, unknown, retry, false},
		{509, "", retry, unknown, retry, false},
		{408, "", retry, unknown, retry, false},
		{499, "", retry, unknown, retry, false},
		{598, "", retry, unknown, retry, false},
		// T: re-read and try again.
		{409, "ErrorIrresolvableConflict", retry, retry, retry, false},
		{409, "", retry, retry, retry, false},
		{412, "resourceModified", retry, retry, retry, false},
		{412, "", retry, retry, retry, false},
		{423, "locked", retry, retry, retry, false},
		{424, "", retry, retry, retry, false},
		{425, "", retry, retry, retry, false},
		// A.
		{401, "InvalidAuthenticationToken", auth, auth, auth, false},
		{401, "", auth, auth, auth, false},
		{403, "Authorization_RequestDenied", auth, auth, auth, false},
		{403, "accessDenied", retry, retry, auth, true},
		{407, "", auth, auth, auth, false},
		// P for this mailbox, looked at again after the cache of the scope.
		{403, "ErrorAccessDenied", retry, retry, auth, true},
		{403, "", retry, retry, auth, true},
		// The mailbox is not available: slowly, then P.
		{404, "MailboxNotEnabledForRESTAPI", retry, retry, retry, true},
		{404, "ResourceNotFound", retry, retry, retry, true},
		{404, "ErrorNonExistentMailbox", retry, retry, retry, true},
		{404, "extensionError", retry, retry, retry, true},
		{404, "", retry, retry, retry, true},
		{410, "", retry, retry, retry, true},
		{507, "", retry, unknown, retry, true},
		{507, "ErrorQuotaExceeded", retry, unknown, retry, true},
		{400, "ErrorQuotaExceeded", retry, retry, retry, true},
		// V: look where it is now.
		{404, "ErrorItemNotFound", gone, gone, gone, false},
		{404, "ErrorInvalidMailboxItemId", gone, gone, gone, false},
		{400, "ErrorInvalidIdMalformed", gone, gone, gone, false},
		// P.
		{404, "Request_ResourceNotFound", giveUp, giveUp, giveUp, false},
		{404, "ErrorInvalidUser", giveUp, giveUp, giveUp, false},
		{400, "ErrorInvalidUrlQuery", giveUp, giveUp, giveUp, false},
		{400, "InefficientFilter", giveUp, giveUp, giveUp, false},
		{400, "Request_BadRequest", giveUp, giveUp, giveUp, false},
		{400, "Request_UnsupportedQuery", giveUp, giveUp, giveUp, false},
		{400, "ErrorCannotDeleteObject", giveUp, giveUp, giveUp, false},
		{403, "ErrorCannotDeleteObject", giveUp, giveUp, giveUp, false},
		{400, "", giveUp, giveUp, giveUp, false},
		{402, "", giveUp, giveUp, giveUp, false},
		{405, "", giveUp, giveUp, giveUp, false},
		{406, "", giveUp, giveUp, giveUp, false},
		{411, "", giveUp, giveUp, giveUp, false},
		{413, "", giveUp, giveUp, giveUp, false},
		{414, "", giveUp, giveUp, giveUp, false},
		{415, "", giveUp, giveUp, giveUp, false},
		{416, "", giveUp, giveUp, giveUp, false},
		{422, "", giveUp, giveUp, giveUp, false},
		{501, "", giveUp, unknown, giveUp, false},
		// Not an API's answer.
		{301, "", giveUp, giveUp, giveUp, false},
		{302, "", giveUp, giveUp, giveUp, false},
		{307, "", giveUp, giveUp, giveUp, false},
		{308, "", giveUp, giveUp, giveUp, false},
	} {
		t.Run(fmt.Sprintf("%d %s", c.status, c.code), func(t *testing.T) {
			for _, v := range []struct {
				call Call
				want fault.Class
			}{{readMail, c.read}, {changeMail, c.change}, {askUsers, c.directory}} {
				f := classify(v.call, Answer{Status: c.status, Code: c.code})
				if f.Class != v.want {
					t.Errorf("%s: %s, want %s", v.call.Name, f.Class, v.want)
				}
				if f.Status != c.status || f.Code != c.code || !strings.HasPrefix(f.Detail, v.call.Name+": ") {
					t.Errorf("%s: %+v", v.call.Name, f)
				}
			}
			if f := classify(changeMail, Answer{Status: c.status, Code: c.code}); f.Slow != c.slow {
				t.Errorf("slow: %t", f.Slow)
			}
		})
	}
}

func TestClassify_everyStatusHasAClass(t *testing.T) {
	for status := 300; status < 600; status++ {
		for _, call := range []Call{readMail, changeMail, askUsers} {
			f := classify(call, Answer{Status: status})
			if f.Class == "" || f.Detail == call.Name+": " {
				t.Errorf("%d for %s: %+v", status, call.Name, f)
			}
			if unknown := f.Class == fault.Unknown; unknown != (call.Changes &&
				(status >= 500 || status == 408 || status == 499)) {
				t.Errorf("%d for %+v is %s", status, call, f.Class)
			}
		}
	}
}

func TestClassify_whoWaits(t *testing.T) {
	for _, c := range []struct {
		name   string
		call   Call
		answer Answer
		tenant bool
	}{
		{"mailbox throttled", changeMail, Answer{Status: 429, Code: "ApplicationThrottled"}, false},
		{"directory throttled", askUsers, Answer{Status: 429}, true},
		{"directory throttled, with a code", askUsers, Answer{Status: 429, Code: "TooManyRequests"}, true},
		{"mailbox throttled by the tenant's limit", changeMail, Answer{Status: 429, TenantWide: true}, true},
		{"no consent", readMail, Answer{Status: 403, Code: "Authorization_RequestDenied"}, true},
		{"one mailbox out of scope", readMail, Answer{Status: 403, Code: "ErrorAccessDenied"}, false},
		{"bad token", readMail, Answer{Status: 401}, true},
		{"mailbox not enabled", readMail, Answer{Status: 404, Code: "MailboxNotEnabledForRESTAPI"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if f := classify(c.call, c.answer); f.Tenant != c.tenant {
				t.Errorf("tenant %t: %+v", f.Tenant, f)
			}
		})
	}
}

func TestClassify_innerCodeIsMoreExact(t *testing.T) {
	f := classify(changeMail, Answer{Status: 404, Code: "NotFound", Inner: "ErrorItemNotFound"})
	if f.Class != fault.Gone {
		t.Errorf("inner: %+v", f)
	}
	f = classify(changeMail, Answer{Status: 404, Code: "ErrorItemNotFound", Inner: "SomethingInternal"})
	if f.Class != fault.Gone {
		t.Errorf("an unknown inner code hides the outer one: %+v", f)
	}
}

// TestClassify_unknownSegment: the service has no such action, whatever status and code it says so with. The 404 of a
// mailbox that is not to be had is another thing.
func TestClassify_unknownSegment(t *testing.T) {
	const segment = "Resource not found for the segment 'permanentDelete'."
	for _, c := range []struct {
		status        int
		code, message string
		class         fault.Class
		want          string
	}{
		{400, "BadRequest", segment, fault.GiveUp, fault.CodeNoSuchSegment},
		{404, "BadRequest", segment, fault.GiveUp, fault.CodeNoSuchSegment},
		{404, "ResourceNotFound", segment, fault.GiveUp, fault.CodeNoSuchSegment},
		{404, "UnknownError", segment, fault.GiveUp, fault.CodeNoSuchSegment},
		{404, "", "Resource not found for the segment settings/exchange.", fault.GiveUp, fault.CodeNoSuchSegment},
		{405, "", segment, fault.GiveUp, fault.CodeNoSuchSegment},
		{500, "", segment, fault.Unknown, fault.CodeNoSuchSegment},
		{404, "ResourceNotFound", "Resource could not be discovered.", fault.Retry, "ResourceNotFound"},
		{404, "ErrorItemNotFound", "The specified object was not found in the store.", fault.Gone, "ErrorItemNotFound"},
		{400, "BadRequest", "Invalid request.", fault.GiveUp, "BadRequest"},
	} {
		t.Run(fmt.Sprintf("%d %s %.8s", c.status, c.code, c.message), func(t *testing.T) {
			body := fmt.Appendf(nil, `{"error":{"code":%q,"message":%q}}`, c.code, c.message)
			f := classify(changeMail, readAnswer(c.status, http.Header{}, body, noon))
			if f.Class != c.class || f.Code != c.want {
				t.Errorf("%+v", f)
			}
		})
	}
}

func TestClassify_policyIsNamed(t *testing.T) {
	body := []byte(`{"error":{"code":"ErrorAccessDenied","message":"Access to OData is disabled."}}`)
	f := classify(readMail, readAnswer(403, http.Header{}, body, time.Now()))
	if f.Class != fault.Retry || !f.Slow || !strings.Contains(f.Detail, "ApplicationAccessPolicy") {
		t.Errorf("%+v", f)
	}
}

func TestClassifyLogin_rows(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		class  fault.Class
		code   string
	}{
		{401, `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided."}`, fault.Auth, "AADSTS7000215"},
		{401, `{"error":"invalid_client","error_description":"AADSTS7000222: The provided client secret keys are expired."}`, fault.Auth, "AADSTS7000222"},
		{400, `{"error":"unauthorized_client","error_description":"AADSTS700016: Application not found"}`, fault.Auth, "AADSTS700016"},
		{400, `{"error":"invalid_request","error_description":"AADSTS90002: Tenant not found."}`, fault.Auth, "AADSTS90002"},
		{401, `{"error":"invalid_client","error_description":"AADSTS700027: Client assertion failed signature validation."}`, fault.Auth, "AADSTS700027"},
		{400, `{"error":"invalid_grant","error_description":"AADSTS65001: no consent"}`, fault.Auth, "AADSTS65001"},
		{400, `{"error":"invalid_client","error_description":"AADSTS7000112: disabled"}`, fault.Auth, "AADSTS7000112"},
		{400, `{"error":"temporarily_unavailable","error_description":"AADSTS90033: A transient error has occurred."}`, fault.Retry, "AADSTS90033"},
		{400, `{"error":"x","error_description":"AADSTS999999999999: what"}`, fault.Auth, "AADSTS999999999"},
		{400, `{"error":"invalid_scope"}`, fault.Auth, "invalid_scope"},
		{500, `{}`, fault.Retry, ""},
		{503, `<html>busy</html>`, fault.Retry, ""},
		{429, ``, fault.Retry, ""},
		{403, `<html>no</html>`, fault.Auth, ""},
		{0, ``, fault.Retry, ""},
	} {
		t.Run(fmt.Sprintf("%d %s", c.status, c.code), func(t *testing.T) {
			header := http.Header{"Retry-After": {"17.5"}}
			f := ClassifyLogin(LoginAnswer{Status: c.status, Header: header, Body: []byte(c.body), Now: noon})
			if f.Class != c.class || f.Code != c.code || !f.Tenant || !f.Login || f.After != 17500*time.Millisecond {
				t.Errorf("%+v", f)
			}
			if f := ClassifyLogin(LoginAnswer{Status: c.status, Body: []byte(c.body), Now: noon}); f.After != 0 {
				t.Errorf("no Retry-After: %+v", f)
			}
		})
	}
}
