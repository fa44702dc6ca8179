package score

import (
	"strings"
	"testing"

	"clawback/config"
	"clawback/internal/test/mailgen"
)

// A registered person's name is known however it is encoded, and however those write it whose keyboards lack its letters.
func TestVIP_nameInAllSpellings(t *testing.T) {
	s := scorer(t, Options{})
	tenant := mailgen.Tenant()
	for registered, names := range map[string]map[string]bool{
		"Jörg Müller": {
			"=?utf-8?Q?J=C3=B6rg_M=C3=BCller?=": true, "=?utf-8?Q?J=C3=B6rg_M=C3?= =?utf-8?Q?=BCller?=": true, "=?utf-8?B?SsO2cmcgTcM?= =?utf-8?B?vGxsZXI?=": true,
			"=?utf-7?Q?J+APY-rg_M+APw-ller?=": true, "=?iso-8859-1?Q?J=F6rg_M=FCller?=": true, "=?utf-8?Q?Jo=CC=88rg_Mu=CC=88ller?=": true, // with combining marks
			"Joerg Mueller": true, "JOERG MUELLER": true, "\"Mueller, Joerg\"": true, "Jorg Muller": true, "Joerg Mueller (CEO)": true,
			"Joerg Miller": false, "Jorge Muller": false, "Joerg": false, "Mueller": false, "Joe Mueller": false,
		},
		"Joerg Mueller": {"=?utf-8?Q?J=C3=B6rg_M=C3=BCller?=": true, "Joerg Mueller": true, "=?utf-8?Q?J=C3=B6rg_Miller?=": false},
		"Søren Ågård":   {"Soeren Aagaard": true, "=?utf-8?Q?S=C3=B8ren_=C3=85g=C3=A5rd?=": true, "Soren Agard": true, "Soeren Aagesen": false},
	} {
		tenant.VIPs = []config.VIP{{Name: registered, Addresses: []string{"jm@contoso.example"}}}
		for name, want := range names {
			m := of(vary("From: " + name + " <office.private@sender.example>\n\nAre you at your desk?"))
			m.Tenant = tenant
			if r := runWith(t, s, m); has(r, "impersonation.vip") != want {
				t.Errorf("%s for %s: noticed %v, want %v: %s", name, registered, !want, want, summary(r))
			}
		}
	}
}
