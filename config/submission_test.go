package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSubmissions_areRead(t *testing.T) {
	name := inDir(t)
	write(t, name, minimal+"\n[[tenant.submission]]\nmailboxes = [\"Phish@contoso.example\"]\n\n[[tenant.submission]]\naddress = \"Report@journal.example.com\"\n"+
		"claim = \"not_junk\"\ntrusted = [\"soc@contoso.example\"]\n", 0o644)
	c, err := Load(name)
	if err != nil {
		t.Fatal(err)
	}
	want := []Submission{{Mailboxes: []string{"phish@contoso.example"}, Claim: "subject"},
		{Address: "report@journal.example.com", Claim: "not_junk", Trusted: []string{"soc@contoso.example"}}}
	if diff := cmp.Diff(want, c.Tenants[0].Submissions); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
