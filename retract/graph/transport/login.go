package transport

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"clawback/retract/fault"
)

// loginRule says what an error of the login endpoint means.
type loginRule struct {
	code   string // AADSTS number
	class  fault.Class
	detail string
}

// loginRules: what an administrator can mend is Auth, what passes by itself is Retry.
// Reference: Microsoft Entra authentication and authorization error codes.
var loginRules = []loginRule{
	{"7000215", fault.Auth, "the client secret is wrong (was its id taken instead of its value?)"},
	{"7000222", fault.Auth, "the client secret has expired: make a new one in the app registration"},
	{"700016", fault.Auth, "the application is not in this tenant: an administrator must consent (clawback connect); " +
		"after consent this can take minutes"},
	{"7000229", fault.Auth, "the application has no service principal in this tenant: an administrator must consent " +
		"(clawback connect); after consent this can take minutes"},
	{"90002", fault.Auth, "the tenant is not known to this cloud: check the tenant id and the cloud"},
	{"900023", fault.Auth, "the tenant is not known to this cloud: check the tenant id and the cloud"},
	{"700027", fault.Auth, "the certificate is not the one of the app registration, or it has expired"},
	{"700024", fault.Auth, "the assertion is not valid at this time: check the machine's clock " +
		"and the federated token"},
	{"700211", fault.Auth, "no federated credential of the app registration fits the issuer of the token"},
	{"700213", fault.Auth, "no federated credential of the app registration fits the subject of the token"},
	{"65001", fault.Auth, "no consent: an administrator must consent (clawback connect)"},
	{"7000112", fault.Auth, "the application is disabled in this tenant"},
	{"7000218", fault.Auth, "the login endpoint wants a secret or an assertion, and there was none"},
	{"53003", fault.Auth, "a conditional access policy blocks the application"},
	{"90033", fault.Retry, "the login service has a passing trouble"},
	{"90025", fault.Retry, "the login service is too busy"},
	{"90055", fault.Retry, "the login service is too busy"},
	{"50196", fault.Retry, "the login service saw too many requests of this application"},
}

// LoginAnswer is what the token endpoint said instead of a token.
type LoginAnswer struct {
	Status int
	Header http.Header
	Body   []byte
	Now    time.Time
}

// ClassifyLogin says what an error answer of the token endpoint means. It always concerns the whole tenant. A
// Retry-After is honoured whatever the error is: the service throttles wrong secrets too.
func ClassifyLogin(a LoginAnswer) *fault.Fault {
	var object struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
		Correlation string `json:"correlation_id"`
	}
	_ = json.Unmarshal(a.Body, &object) // HTML or nothing: the status decides
	number := aadsts(object.Description)
	f := &fault.Fault{Tenant: true, Login: true, Status: a.Status, Code: word(object.Error),
		Request: word(object.Correlation)}
	f.After = retryAfter(a.Header.Get("Retry-After"), clock(a.Header, a.Now))
	if number != "" {
		f.Code = "AADSTS" + number
	}
	f.Class, f.Detail = loginMeaning(a.Status, number)
	f.Detail = "get an access token: " + f.Detail
	return f
}

func loginMeaning(status int, number string) (fault.Class, string) {
	for _, r := range loginRules {
		if r.code == number {
			return r.class, r.detail
		}
	}
	if status >= http.StatusInternalServerError || status == http.StatusTooManyRequests ||
		status == http.StatusRequestTimeout || status == 0 {
		return fault.Retry, "the login service is not available"
	}
	return fault.Auth, "the login service refuses the credential"
}

// aadsts finds the number in "AADSTS7000215: Invalid client secret provided."
func aadsts(description string) string {
	_, after, found := strings.Cut(description, "AADSTS")
	if !found {
		return ""
	}
	end := strings.IndexFunc(after, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(after)
	}
	const digits = 9
	return after[:min(end, digits)]
}
