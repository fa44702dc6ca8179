package config

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Each key that differs is named with both values; of a secret it is only told that it changed, and the settings that
// are kept have its hash.
func TestSettings_changed(t *testing.T) {
	const before = `hostname = "mx.example"
[smtp]
max_sessions = 5
[[feed]]
name = "list"
url = "https://feed.example/list?key=topsecret"
[[tenant]]
name = "one"
mode = "dry-run"
domains = ["a.example", "b.example"]
recovery_address = "r-7q3k9xw2@mx.example"
[[tenant.address]]
address = "j-7q3k9xw2@mx.example"
[tenant.graph]
client_secret_file = "a.secret"
[tenant.actions]
SPAM = "junk"
[[tenant]]
name = "two"
mode = "live"
`
	after := before
	for _, r := range [][2]string{
		{`mode = "dry-run"`, `mode = "live"`}, {"j-7q3k9xw2@", "j-other@"}, {"topsecret", "newsecret"}, {"max_sessions = 5\n", ""},
		{`, "b.example"`, ""}, {"a.secret", "b.secret"}, {`SPAM = "junk"`, `BULK = "junk"`}, {`recovery_address = "r-7q3k9xw2@mx.example"`, ""},
		{"\n[[tenant]]\nname = \"two\"\nmode = \"live\"\n", "\n[[tenant]]\nname = \"three\"\nmode = \"live\"\nrecovery_address = \"r-x@mx.example\"\n"},
	} {
		if !strings.Contains(after, r[0]) {
			t.Fatalf("%q is not there", r[0])
		}
		after = strings.Replace(after, r[0], r[1], 1)
	}
	want := []string{
		"feed[list].url: changed",
		"smtp.max_sessions: taken out; it was 5",
		"tenant[one].actions.BULK: set to junk",
		"tenant[one].actions.SPAM: taken out; it was junk",
		"tenant[one].address[0].address: changed",
		"tenant[one].domains: [a.example b.example] -> [a.example]",
		"tenant[one].graph.client_secret_file: a.secret -> b.secret",
		"tenant[one].mode: dry-run -> live",
		"tenant[one].recovery_address: taken out",
		"tenant[three].mode: set to live",
		"tenant[three].name: set to three",
		"tenant[three].recovery_address: set",
		"tenant[two].mode: taken out; it was live",
		"tenant[two].name: taken out; it was two",
	}
	var got []string
	old, now := SettingsOf([]byte(before)), SettingsOf([]byte(after))
	for _, c := range old.Changed(now) {
		got = append(got, c.Key+": "+c.Text)
		if tenant, _, _ := strings.Cut(strings.TrimPrefix(c.Key, "tenant["), "]"); strings.HasPrefix(c.Key,
			"tenant[") != (c.TenantOf() == tenant) {
			t.Errorf("%s is of tenant %q", c.Key, c.TenantOf())
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, secret := range []string{"7q3k9xw2", "topsecret"} {
		if strings.Contains(fmt.Sprint(old), secret) {
			t.Errorf("the settings have %s", secret)
		}
	}
	if list := now.Changed(now); len(list) != 0 {
		t.Errorf("nothing changed, and it says %v", list)
	}
	if s := SettingsOf([]byte("= no TOML")); len(s) != 0 {
		t.Errorf("no TOML sets %v", s)
	}
}
