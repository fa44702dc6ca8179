package submission

import (
	"encoding/base64"
	"strings"
	"testing"

	"clawback/config"
)

func encode(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) + "\r\n" }

// Whatever a user's mail is, its author is believed only with Exchange's word for it.
func FuzzOpen(f *testing.F) {
	f.Add([]byte(mailOf("ada@contoso.example", "3|"+network(1)+"|x", internal, message(1))), "ada@contoso.example")
	f.Add([]byte(mailOf("ada@contoso.example", "=?utf-8?q?1|?=", "", message(1))), "eve@elsewhere.example")
	t := &config.Tenant{ID: contosoID, Domains: []string{"contoso.example"}}
	f.Fuzz(func(tt *testing.T, octets []byte, sender string) {
		e := open(t, Letter{Octets: strings.NewReader(string(octets)), Size: int64(len(octets)), Sender: sender, Claim: "subject"})
		if e.unproven == "" && (!strings.Contains(strings.ToLower(string(octets)), "internal") ||
			!inTenantDomain(t, sender) || !inTenantDomain(t, e.reporter)) {
			tt.Errorf("%+v is believed", e)
		}
		if e.claim.Disposition().String() == "MALICIOUS" || e.network != "" && len(e.network) != 36 {
			tt.Errorf("%+v", e)
		}
	})
}
