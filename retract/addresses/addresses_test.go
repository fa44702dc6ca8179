package addresses

import (
	"strings"
	"testing"

	"clawback/config"
)

func contoso() *config.Tenant {
	return &config.Tenant{
		Domains: []string{"contoso.example", "Contoso-DE.example"}, Exempt: []string{"soc@contoso.example", "@lab.contoso.example"},
		AlternateMailbox: "alternate@contoso.example", RecoveryAddress: "recovery@contoso.example",
		Addresses:   []config.Address{{Address: "x9@journal.example"}},
		Submissions: []config.Submission{{Address: "report@journal.example", Mailboxes: []string{"phish@contoso.example"}}},
	}
}

// Two spellings that Exchange takes for one address are one here, and no look-alike is.
func TestFold_isWhatExchangeCompares(t *testing.T) {
	for _, a := range []string{"ada@contoso.example", "Ada@Contoso.Example", "<ada@contoso.example>", " ada@contoso.example ",
		"smtp:ada@contoso.example", "SMTP:ADA@contoso.example"} {
		if got := Fold(a); got != "ada@contoso.example" {
			t.Errorf("Fold(%q) = %q", a, got)
		}
	}
	for _, a := range []string{"ada@contoso.example.evil.example", "ada@contoſo.example", "ada+x@contoso.example", "sip:ada@contoso.example"} {
		if Fold(a) == "ada@contoso.example" {
			t.Errorf("%q passes for ada@contoso.example", a)
		}
	}
}

func TestInternal_isOfATenantsDomainsAlone(t *testing.T) {
	for address, want := range map[string]bool{
		"ada@contoso.example": true, "ADA@CONTOSO.EXAMPLE": true, "bo@contoso-de.example": true, "<ada@contoso.example>": true,
		"ada@lab.contoso.example": false, "ada@notcontoso.example": false, "ada@contoso.example.evil.example": false,
		"contoso.example": false, "ada@": false, "": false, "ada@evil.example@contoso.example": true, // after the last @
	} {
		if got := Internal(contoso(), address); got != want {
			t.Errorf("Internal(%q) = %t, want %t", address, got, want)
		}
	}
}

// A mailbox that must not be acted upon is exempt in each spelling, and its neighbours are not.
func TestExempt_andItsNeighbours(t *testing.T) {
	for address, want := range map[string]string{
		"soc@contoso.example": "listed", "SOC@contoso.example": "listed", "smtp:soc@contoso.example": "listed",
		"any@lab.contoso.example": "@lab.contoso.example", "any@LAB.contoso.example": "@lab.contoso.example",
		"alternate@contoso.example": "alternate journaling mailbox", "recovery@contoso.example": "recovery address",
		"x9@journal.example": "journal address", "report@journal.example": "submission address",
		"Phish@contoso.example": "users report to", "postmaster@contoso.example": "postmaster", "POSTMASTER@contoso-de.example": "postmaster",

		"soc2@contoso.example": "", "soc@contoso-de.example": "", "any@sub.lab.contoso.example": "", "any@xlab.contoso.example": "",
		"postmasters@contoso.example": "", "x9@contoso.example": "",
	} {
		got := Exempt(contoso(), address)
		if (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("Exempt(%q) = %q, want %q in it", address, got, want)
		}
	}
}

// An entry of a list that is empty, or names no domain, names nobody.
func TestListed_emptyEntriesNameNobody(t *testing.T) {
	for _, address := range []string{"", "@", "ada@contoso.example", "ada@"} {
		if entry, ok := Listed([]string{"", "@", " ", "<>"}, address); ok {
			t.Errorf("%q is named by the entry %q", address, entry)
		}
	}
}

// Whatever the daemon depends on is found when the mailboxes of a tenant are looked up.
func TestOfDaemon_hasEachOfThem(t *testing.T) {
	list := strings.Join(OfDaemon(contoso()), " ")
	for _, want := range []string{"alternate@", "recovery@", "x9@", "report@", "phish@"} {
		if !strings.Contains(list, want) {
			t.Errorf("%s is not among %s", want, list)
		}
	}
}
