package config

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/internal/tomlpos"
	"clawback/verdict"
)

// feedIn reads one feed of a file beside which a key lies.
func feedIn(t *testing.T, key, lines string) (Feed, error) {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "key"), key, 0o600)
	feeds, err := parseFeeds(filepath.Join(dir, "clawback.toml"), []byte("# first\n[[feed]]\n"+lines+"\n"))
	if err != nil {
		return Feed{}, err
	}
	return feeds[0], nil
}

// parseFeeds is Parse for a text that has nothing else.
func parseFeeds(name string, data []byte) ([]Feed, error) {
	r := &reader{file: name, known: map[string]bool{}, keys: map[string]Key{}}
	values, problem := decode(name, data)
	if problem != nil {
		return nil, Problems{*problem}
	}
	r.values, r.at = values, tomlpos.Find(data)
	root := &table{r: r, values: values}
	feeds := readFeeds(root)
	root.finish()
	if len(r.problems) > 0 {
		return nil, r.problems.sorted()
	}
	return feeds, nil
}

func TestFeed_defaultsAndPresets(t *testing.T) {
	def := Feed{Name: "x", Format: "text", Kind: "url", URL: "https://x.example/l", Auth: "none", Interval: time.Hour, Lifetime: 30 * day, Complete: true,
		MaxShrink: 50, MaxGrowth: 10, Disposition: verdict.Malicious, Confidence: 100, Header: "first", Delimiter: ',', Comment: "#"}
	with := func(f func(*Feed)) Feed { d := def; f(&d); return d }
	for name, c := range map[string]struct {
		lines string
		want  Feed
	}{
		"text": {"name = \"x\"\nkind = \"url\"\nurl = \"https://x.example/l\"", def},
		"everything": {`name = "x"
format = "csv"
kind = "domain"
url = "https://x.example/l"
auth = "header"
auth_header = "Auth-Key"
key_file = "key"
private_networks = ["10.0.0.0/8"]
interval = "5m"
lifetime = "2d"
complete = false
max_shrink_percent = 12.5
max_growth = "off"
disposition = "suspicious"
confidence = 60
min_confidence = 50
header = "none"
delimiter = ";"
comment = ""
where = ["3 = yes"]
columns = { value = "1", detail = "2" }`, with(func(f *Feed) {
			f.Format, f.Kind, f.Auth, f.AuthHeader, f.Key = "csv", "domain", "header", "Auth-Key", NewSecret("k-1")
			f.PrivateNetworks = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
			f.Interval, f.Lifetime, f.Complete, f.MaxShrink, f.MaxGrowth = 5*time.Minute, 2*day, false, 12.5, Off
			f.Disposition, f.Confidence, f.MinConfidence = verdict.Suspicious, 60, 50
			f.Header, f.Delimiter, f.Comment, f.Where, f.Columns = "none", ';', "", []Condition{{"3", "yes"}}, FeedColumns{Value: "1", Detail: "2"}
		})},
		"urlhaus": {"name = \"x\"\npreset = \"urlhaus\"\nkey_file = \"key\"", with(func(f *Feed) {
			f.URL, f.Auth, f.Key = "https://urlhaus-api.abuse.ch/v2/files/exports/{key}/recent.csv", "url", NewSecret("k-1")
			f.Format, f.Interval, f.Complete, f.Header = "csv", 10*time.Minute, false, "comment"
			f.Columns = FeedColumns{Value: "url", Date: "dateadded", Detail: "threat"}
		})},
		"phishtank without a key": {"name = \"x\"\npreset = \"phishtank\"", with(func(f *Feed) {
			f.URL, f.Format, f.Interval, f.Complete = "https://data.phishtank.com/data/online-valid.csv.gz", "csv", 6*time.Hour, false
			f.Columns = FeedColumns{Value: "url", Date: "verification_time", Detail: "target"}
			f.Where = []Condition{{"verified", "yes"}, {"online", "yes"}}
		})},
		"phishtank with a key": {"name = \"x\"\npreset = \"phishtank\"\nkey_file = \"key\"", with(func(f *Feed) {
			f.URL, f.Format, f.Complete = "https://data.phishtank.com/data/{key}/online-valid.csv.gz", "csv", false
			f.Auth, f.Key = "url", NewSecret("k-1")
			f.Columns = FeedColumns{Value: "url", Date: "verification_time", Detail: "target"}
			f.Where = []Condition{{"verified", "yes"}, {"online", "yes"}}
		})},
		"misp from a server inside": {"name = \"x\"\npreset = \"misp\"\nurl = \"https://misp.example/feed/\"\nprivate_networks = [\"10.1.0.0/16\"]", with(func(f *Feed) {
			f.URL, f.Format, f.Kind, f.Lifetime = "https://misp.example/feed/", "misp", "", 90*day
			f.PrivateNetworks = []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}
		})},
	} {
		got, err := feedIn(t, "k-1\n", c.lines)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		got.KeyFile = ""
		if diff := cmp.Diff(c.want, got, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for name := range feedPresets() {
		if _, err := feedIn(t, "k-1\n", fmt.Sprintf("name = %q\npreset = %q\n%s", name, name, map[bool]string{true: `url = "https://misp.example/"`,
			false: map[bool]string{true: "", false: `key_file = "key"`}[name == "openphish"]}[name == "misp"])); err != nil {
			t.Errorf("preset %s: %v", name, err)
		}
	}
}

// What is wrong with a feed is said with its key and line, and never with a URL: somebody may have written his key
// into it.
func TestFeed_problemsAreAtTheirKeyAndLine(t *testing.T) {
	const good = "name = \"x\"\nkind = \"url\"\nurl = \"https://x.example/k-secret\"\n"
	for lines, want := range map[string]string{
		strings.Replace(good, "name = \"x\"", "name = \"X Y\"", 1):                  "3: feed.name: ",
		strings.Replace(good, "name = \"x\"\n", "", 1):                              "2: feed.name: is missing",
		strings.Replace(good, "name = \"x\"", "name = \"..\"", 1):                   "3: feed.name: ",
		strings.Replace(good, "kind = \"url\"\n", "", 1):                            "2: feed.kind: is missing",
		strings.Replace(good, "\"url\"\n", "\"urls\"\n", 1):                         "4: feed.kind: is \"urls\"; did you mean \"url\"?",
		strings.Replace(good, "https:", "http:", 1):                                 "5: feed.url: the value is not an https URL",
		strings.Replace(good, "https://", "https://user:pw@", 1):                    "5: feed.url: the value is not an https URL",
		strings.Replace(good, "x.example", "{key}.example", 1):                      "5: feed.url: the value is not an https URL",
		"name = \"x\"\nkind = \"url\"\n":                                            "2: feed.url: is missing",
		good + "file = \"key\"":                                                     "6: feed.file: and url are both there",
		good + "preset = \"urlhause\"":                                              "6: feed.preset: \"urlhause\" is not known; did you mean \"urlhaus\"?",
		good + "interval = \"1m\"":                                                  "6: feed.interval: is 1m; use at least 5m",
		good + "lifetime = \"5m\"":                                                  "6: feed.lifetime: is 5m",
		good + "confidence = 101":                                                   "6: feed.confidence: is 101",
		good + "min_confidence = -1":                                                "6: feed.min_confidence: is -1",
		good + "max_shrink_percent = 0":                                             "6: feed.max_shrink_percent: is not such a percentage",
		good + "max_growth = 0":                                                     "6: feed.max_growth: is 0",
		good + "disposition = \"spam\"":                                             "6: feed.disposition: is \"spam\"",
		good + "auth = \"bearer\"":                                                  "feed.key_file: is missing",
		good + "key_file = \"key\"":                                                 "feed.auth: is \"none\", and there is a key_file",
		good + "key_file = \"nowhere\"\nauth = \"bearer\"":                          "6: feed.key_file: ",
		good + "key_file = \"key\"\nauth = \"url\"":                                 "5: feed.url: and auth do not fit",
		good + "key_file = \"key\"\nauth = \"header\"":                              "feed.auth_header: is missing",
		good + "key_file = \"key\"\nauth = \"header\"\nauth_header = \"X: Y\"":      "8: feed.auth_header: ",
		good + "key_file = \"key\"\nauth = \"basic\"":                               "6: feed.key_file: does not hold user:password",
		good + "format = \"csv\"":                                                   "feed.columns.value: is missing",
		good + "format = \"csv\"\nheader = \"none\"\ncolumns = { value = \"url\" }": "feed.columns.value: is \"url\"",
		good + "format = \"json\"":                                                  "feed.path: is missing",
		good + "format = \"json\"\npath = \"a..b\"":                                 "7: feed.path: ",
		good + "where = [\"verified\"]":                                             "6: feed.where: ",
		good + "comment = \"\\\"\"":                                                 "6: feed.comment: ",
		good + "delimiter = \";;\"":                                                 "6: feed.delimiter: ",
		good + "private_networks = [\"0.0.0.0/0\"]":                                 "6: feed.private_networks: ",
		good + "intervall = \"1h\"":                                                 "6: feed.intervall: is not a known key; did you mean \"interval\"?",
		good + "[[feed]]\n" + good:                                                  "7: feed.name: \"x\" is there twice",
		"name = \"x\"\nkind = \"url\"\nfile = \"list\"\nkey_file = \"key\"":         "6: feed.key_file: is of no use for a file",
	} {
		_, err := feedIn(t, "k-1\n", lines)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "k-secret") {
			t.Errorf("%s\n%v\nwant %s", lines, err, want)
		}
		if err != nil && strings.Count(err.Error(), "\n") > 0 {
			t.Errorf("%s: several problems of one mistake:\n%v", lines, err)
		}
	}
	for _, key := range []string{"two words", "line\nline", "tab\tbed", "ünicode"} {
		_, err := feedIn(t, key, "name = \"x\"\npreset = \"urlhaus\"\nkey_file = \"key\"")
		if err == nil || !strings.Contains(err.Error(), "feed.key_file: holds more than a key") ||
			strings.Contains(err.Error(), key) {
			t.Errorf("key %q: %v", key, err)
		}
	}
}
