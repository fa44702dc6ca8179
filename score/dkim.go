package score

import (
	"bytes"
	"errors"
	"strings"

	"github.com/emersion/go-msgauth/dkim"
)

// maxSignatures is how many signatures are verified again.
const maxSignatures = 4

var errNoKey = errors.New("key is not known")

// reverify checks the DKIM signatures again where their keys are known, with Exchange's results as the fallback. A
// signature that fails now proves little, since gateways change bodies; one that passes proves who signed. Where
// Exchange says that DMARC failed nothing is proven: a signature can be of another From field than the one that is
// shown.
func (x *inspection) reverify() {
	if x.auth.dmarc == "fail" || x.msg.Keys == nil || x.mail.Truncated || !x.mail.Header.Has("DKIM-Signature") {
		return
	}
	lookup := func(name string) ([]string, error) {
		selector, domain, found := strings.Cut(name, "._domainkey.")
		if !found {
			return nil, errNoKey
		}
		if record, ok := x.msg.Keys(domain, selector); ok {
			return []string{record}, nil
		}
		return nil, errNoKey
	}
	results, err := dkim.VerifyWithOptions(bytes.NewReader(x.mail.Raw()),
		&dkim.VerifyOptions{LookupTXT: lookup, MaxVerifications: maxSignatures})
	if err != nil && len(results) == 0 {
		return
	}
	for _, v := range results {
		if v.Err == nil && (speaksFor(v.Domain, x.domain) || googleSigns(v.Domain, x.domain)) {
			x.auth.dkimOwn, x.auth.aligned = true, true
			x.note("auth.dkim_reverified", "header DKIM-Signature", "The signature of %s was verified again and holds.",
				v.Domain)
			return
		}
	}
}
