package config

import (
	"strings"
	"testing"
)

const signInTenant = `hostname = "gw.example.com"
[console]
[[tenant]]
name = "contoso"
id = "6f1c2f3e-0a5b-4c77-9a51-0f2f6f6f0c11"
`

// What people may by their groups is said in so many words: nothing follows from what is left out.
func TestSignIn(t *testing.T) {
	const head = "[sign_in]\nissuer = \"https://login.example.com/t/v2.0\"\nclient_id = \"c\"\n"
	const every = "every_tenant = true\n"
	const group = "[[sign_in.group]]\nname = \"soc\"\nrole = \"analyst\"\n"
	for name, c := range map[string]struct{ text, says string }{
		"right":        {head + group + "tenants = [\"contoso\"]\n", ""},
		"by GUID":      {head + group + "tenants = [\"6F1C2F3E-0a5b-4c77-9a51-0f2f6f6f0c11\"]\n", ""},
		"every tenant": {head + group + every, ""},
		"loopback": {
			strings.Replace(head, "https://login.example.com", "http://127.0.0.1:1", 1) + group + every, ""},
		"no tenants": {head + group, "sign_in.group.tenants"},
		"both": {
			head + group + "tenants = [\"contoso\"]\nevery_tenant = true\n", "sign_in.group.tenants"},
		"another tenant": {head + group + "tenants = [\"fabrikam\"]\n", "which is no tenant"},
		"no role": {
			head + strings.Replace(group, "role = \"analyst\"\n", "", 1) + every, "sign_in.group.role"},
		"another role": {
			head + strings.Replace(group, "analyst", "root", 1) + every, "sign_in.group.role"},
		"no name": {
			head + strings.Replace(group, "soc", "", 1) + every, "sign_in.group.name"},
		"no group": {head, "sign_in.group"},
		"no client": {
			strings.Replace(head, "client_id = \"c\"\n", "", 1) + group + every, "sign_in.client_id"},
		"no issuer": {"[sign_in]\nclient_id = \"c\"\n" + group + every, "sign_in.issuer"},
		"http": {
			strings.Replace(head, "https", "http", 1) + group + every, "without TLS only"},
		"a name like loopback": {
			strings.Replace(head, "https://login", "http://localhost", 1) + group + every, "without TLS only"},
		"a query": {
			strings.Replace(head, "v2.0", "v2.0?x=y", 1) + group + every, "is no issuer"},
		"a password": {
			strings.Replace(head, "//", "//a:b@", 1) + group + every, "is no issuer"},
		"two days": {head + "session = \"48h\"\n" + group + every, "sign_in.session"},
	} {
		cfg, err := Parse("clawback.toml", []byte(signInTenant+c.text))
		text := ""
		if err != nil {
			text = err.Error()
		}
		if strings.Contains(text, "sign_in") != (c.says != "") || !strings.Contains(text, c.says) {
			t.Errorf("%s: %s", name, text)
		}
		if c.says == "" && cfg != nil && len(cfg.SignIn.Groups) != 1 {
			t.Errorf("%s: %+v", name, cfg.SignIn)
		}
	}
}
