package score

import "testing"

func TestImpersonation_groupsAndRelaysAreNoForgers(t *testing.T) {
	s := scorer(t, Options{})
	group := "From: Joy <joy@hotmail.com>\nTo: Runners <runners@groups.example>\nReply-To: Runners <runners@groups.example>\n" +
		"Authentication-Results: spf=none smtp.mailfrom="
	relayed := "From: \"News news@garden.example\" <ticket_jcehaoa1031163663480@"
	for name, c := range map[string]struct {
		change, id string
		want       bool
	}{
		"through a group":         {group + "groups.example; dkim=none header.d=none;dmarc=none", "impersonation.forged_free_mail", false},
		"not through the group":   {group + "other.example; dkim=none header.d=none;dmarc=none", "impersonation.forged_free_mail", true},
		"through a relay":         {relayed + "simplelogin.com>\nReply-To: <a79s39q1031163663497@simplelogin.com>", "impersonation.reply_to_free_mail", false},
		"between free mailboxes":  {relayed + "gmail.com>\nReply-To: <a79s39q1031163663497@gmail.com>", "impersonation.reply_to_free_mail", true},
		"a relay makes mailboxes": {relayed + "simplelogin.com>", "impersonation.machine_free_mail", false},
		"a person does not do so": {relayed + "gmail.com>", "impersonation.machine_free_mail", true},
	} {
		if got := has(run(t, s, vary(c.change)), c.id); got != c.want {
			t.Errorf("%s: %s %v, want %v", name, c.id, got, c.want)
		}
	}
}
