package systemd

// EventKey is the attribute by which a log record says which event it is of.
const EventKey = "event"

// messageIDs are the events that have an entry in journald's catalog, clawback.catalog, by the names under which they
// are logged. journalctl MESSAGE_ID=... finds them, and journalctl -x explains them. An ID never changes.
var messageIDs = map[string]string{
	"daemon.ready":              "2e7ed9410d0842b495643aca347ba96b",
	"daemon.stopping":           "dbe3bfeba8fd4f28933078650d4ede0c",
	"daemon.failed":             "8bf828e6f0f4461ba90826b3b3e0551c",
	"config.reloaded":           "4869f8aa46684c66a24ea17632dad417",
	"config.refused":            "b9bb93a0f5c7483aa78ee61b3394bcc5",
	"config.restart":            "cf321ac9fea4441488180c64babce839",
	"certificate.changed":       "41d048f9b9a94676a629b4b9b4be9a48",
	"certificate.failed":        "61e4ef12028e4fc583a21480b6278a0d",
	"networks.changed":          "7159802081134626823f0e2e7604af91",
	"networks.failed":           "d1df4c29780440feb84411c322ed8692",
	"watchdog.unfed":            "35682a3747f1462690be57b246e61877",
	"stage.panic":               "e64bfe6200c84e50b09ae906040aabd8",
	"item.quarantined":          "3d582e88104045d8bd07f656a0a9b223",
	"item.bounced":              "a73ac31fb62045edb786e2c16eed7b10",
	"alert.spool.damaged":       "45cc8cc58413431e8ccc842d0538808f",
	"alert.score.failed":        "d0dd4d6ae0bd47e18a68277099fdcbb1",
	"alert.attribution.failing": "f3af352ace214507a451274d7d4028b5",
	"alert.address.vanished":    "c42f771a1df84d3aae91eb2e9134ba1b",
	"alert.quota.reached":       "741b79b349494f3daf1d62088917b718",
	"alert.region.refused":      "bf6b7fcccf9d4e35800c224724853928",
	"alert.bounce.stuck":        "98c4109b59ee41718bc6ba66dae7554e",
	"alert.retract.brake":       "4938ab212d484e979bc99610ecfde178",
	"alert.retract.auth":        "b08aa82646994676a95649df5ea263d3",
	"alert.retract.full":        "bbac2b00a1ea43e68f771a1502f6c3bf",
	"alert.retract.outage":      "cce3990bd0234dd0844c8e3113cb465c",
	"alert.retract.stuck":       "78aaf1e9e748434ab0e767468515eec7",
	"alert.retract.internal":    "cd0758db63aa46edbb2fe4e645e99eea",
	"alert.config.refused":      "731c3d3344464620ad2daea39d077472",
	"alert.retract.resumed":     "651086ec494b4923a23280bf39ffbfdf",
	"queue.database_full":       "160eba7629ec41f7bc038984e8945afe",
	"queue.torn":                "0e4080a56c554209bea34b6afc1bf758",
	"queue.log_damaged":         "772e4b46f51a49f4bb85ecd26b94f0d5",
	"graph.credential_expires":  "060ed8b671514c5cb690cda701a9fc58",
	"janitor.failed":            "5039a223d2b44fd683024e2c5d3f9b65",
}

// MessageID is the catalog's ID of an event, or "" when it has no entry.
func MessageID(event string) string { return messageIDs[event] }
