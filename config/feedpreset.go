package config

import (
	"maps"
	"slices"
)

// preset has a publisher's list as its settings. Each of them may be set otherwise in the file.
type preset struct {
	url, format, kind, auth, authHeader string
	keyed, keyedInterval                string // the URL for those who have a key, where others are served too
	interval, lifetime, disposition     string
	window                              bool // the list has the newest entries alone
	minConfidence                       int
	header                              string
	columns                             FeedColumns
	where                               []string
}

// feedPresets are the publishers whose lists are known. Columns are found by name: publishers add some.
//
// Sources: the export pages of abuse.ch (URLs and columns; made every five minutes), openphish.com (feed.txt, every
// twelve hours), phishtank.org/developer_info.php, the MISP core format.
func feedPresets() map[string]preset {
	return map[string]preset{
		"urlhaus": {
			url:    "https://urlhaus-api.abuse.ch/v2/files/exports/{key}/recent.csv",
			format: "csv", kind: "url", auth: "url",
			interval: "10m", lifetime: "30d", window: true, header: "comment",
			columns: FeedColumns{Value: "url", Date: "dateadded", Detail: "threat"},
		},
		"threatfox": {
			url: "https://threatfox-api.abuse.ch/v2/files/exports/{key}/recent.csv", format: "csv", auth: "url",
			interval: "10m", lifetime: "180d", window: true, header: "comment", minConfidence: 75,
			columns: FeedColumns{Value: "ioc_value", Kind: "ioc_type", Confidence: "confidence_level",
				Date: "first_seen_utc", Detail: "malware_printable", Compromised: "is_compromised"},
		},
		"malwarebazaar": {
			url:    "https://mb-api.abuse.ch/v2/files/exports/{key}/recent.csv",
			format: "csv", kind: "sha256", auth: "url",
			interval: "10m", lifetime: "180d", window: true, header: "comment",
			columns: FeedColumns{Value: "sha256_hash", Date: "first_seen_utc", Detail: "signature"},
		},
		"openphish": {
			url:    "https://raw.githubusercontent.com/openphish/public_feed/refs/heads/main/feed.txt",
			format: "text", kind: "url", interval: "6h", lifetime: "14d", window: true,
		},
		// Without a key a few downloads a day are served. An entry leaves the list when its page is gone, which makes
		// no mail good.
		"phishtank": {
			url:   "https://data.phishtank.com/data/online-valid.csv.gz",
			keyed: "https://data.phishtank.com/data/{key}/online-valid.csv.gz", keyedInterval: "1h",
			format: "csv", kind: "url", interval: "6h", lifetime: "30d", window: true, header: "first",
			columns: FeedColumns{Value: "url", Date: "verification_time", Detail: "target"},
			where:   []string{"verified=yes", "online=yes"},
		},
		"misp": {format: "misp", interval: "1h", lifetime: "90d"},
	}
}

func presetNames() []string { return slices.Sorted(maps.Keys(feedPresets())) }
