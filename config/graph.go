package config

import (
	"clawback/verdict"
)

func readGraph(t *table) Graph {
	g := Graph{
		Cloud:             t.choice("cloud", "global", "global", "gcc-high", "dod", "china", "custom"),
		ClientID:          t.word("client_id", "", guid),
		ManagedIdentity:   t.flag("managed_identity", false),
		CertificateFile:   t.privateFile("certificate_file"), // with the key in it
		FederatedToken:    t.file("federated_token"),
		LoginURL:          t.word("login_url", "", httpsURL),
		GraphURL:          t.word("graph_url", "", httpsURL),
		CAFile:            t.file("ca_file"),
		PurgesByMove:      t.flag("purges_by_move", false),
		MailboxConcurrent: t.number("mailbox_concurrent", 3, 1),
	}
	g.ClientSecretFile, g.ClientSecret = t.secret("client_secret_file")
	g.ClientSecretEnds = t.date("client_secret_ends")
	if !g.ClientSecretEnds.IsZero() && g.ClientSecretFile == "" {
		t.wrong("client_secret_ends", "is there without client_secret_file",
			"remove it; a certificate says itself when it ends")
	}
	if g.MailboxConcurrent > 4 {
		t.wrong("mailbox_concurrent", "is over 4",
			"Exchange Online serves four requests at once for one application and mailbox")
	}
	checkCredential(t, g)
	checkCloud(t, g)
	return g
}

// checkCredential reports a tenant that has no way, or two ways, to prove who asks.
func checkCredential(t *table, g Graph) {
	ways := 0
	for _, key := range []string{"client_secret_file", "certificate_file", "federated_token"} {
		if v, ok := t.values[key]; ok && v != "" {
			ways++
		}
	}
	if g.ManagedIdentity {
		ways++
	}
	const known = "certificate_file, client_secret_file, federated_token or managed_identity"
	switch {
	case ways == 0:
		t.wrong("certificate_file", "is missing, and every other way to authenticate too", "write one of "+known)
	case ways > 1:
		t.wrong("certificate_file", "and another way to authenticate are both there", "keep one of "+known)
	}
	if !t.has("client_id") && !g.ManagedIdentity {
		t.wrong("client_id", "is missing", "write the application (client) ID of the app registration")
	}
}

// checkCloud reports URLs that are missing, or stand where they would not be used.
func checkCloud(t *table, g Graph) {
	for _, key := range []string{"login_url", "graph_url"} {
		if g.Cloud == "custom" && !t.has(key) {
			t.wrong(key, `is missing, and cloud is "custom"`, "write it as in https://login.example.com")
		}
		if g.Cloud != "custom" && t.has(key) {
			t.wrong(key, `is there, and cloud is not "custom"`, `remove it, or write cloud = "custom"`)
		}
	}
	if g.Cloud != "custom" && t.has("ca_file") {
		t.wrong("ca_file", `is there, and cloud is not "custom"`,
			"Microsoft's clouds have certificates of public CAs; remove it")
	}
}

// checkHardDelete reports hard_delete where the cloud has no permanentDelete and no other way is allowed.
// Graph, message: permanentDelete: available in the global service only.
func checkHardDelete(t *table, c Tenant) {
	if c.Graph.PurgesByMove || c.Graph.Cloud == "global" || c.Graph.Cloud == "custom" {
		return
	}
	used := func(a Actions) bool {
		for _, d := range verdict.All() {
			if a[d].Action == HardDelete {
				return true
			}
		}
		return false
	}
	wanted := used(c.Actions)
	for _, g := range c.Groups {
		wanted = wanted || used(g.Actions)
	}
	if wanted {
		t.wrong("graph.cloud", "has no permanentDelete, which hard_delete needs",
			"write purges_by_move = true under [tenant.graph], or use soft_delete")
	}
}
