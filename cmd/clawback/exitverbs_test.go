package main

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Every verb ends with 2 and says how it is used where its command line is wrong, with 0 where it is asked how it is
// used, and with 1 where no daemon answers, or the file is not there. A new verb is not forgotten.
func TestExitStatus_ofEveryVerb(t *testing.T) {
	const alone = "needs no daemon"
	// What follows each verb in a command line that is right.
	lines := map[string]string{
		"status": "", "alert list": "", "report": "", "alert test": "soc", "alert deliveries": "soc", "queue list": "", "queue show": "id", "queue retry": "id", "queue export": "id",
		"queue discard": "id --yes --comment c", "bounce list": "", "bounce show": "id", "bounce retry": "id",
		"bounce export": "id", "address list": "", "address retire": "a@gw.example.com", "backup": "DIR", "store check": "",
		"token list": "", "token create": "n --role viewer --every-tenant", "token revoke": "id", "console link": "",
		"store reindex": "", "store forget-old": "", "search": "", "show": "id", "retract": "id --to trash",
		"restore": "id", "job list": "", "job show": "id", "job follow": "id", "job pause": "id", "job resume": "id",
		"job cancel": "id", "preview": "", "held list": "", "held campaigns": "", "held approve": "id",
		"held reject": "id", "export": "id", "feedback give": "id --is SPAM", "feedback list": "", "feedback withdraw": "id",
		"feedback export": "", "feedback reset": "--yes --comment c", "submission list": "", "submission show": "id",
		"submission accept": "id --is SPAM", "submission dismiss": "id", "submission export": "id",
		"submit": "FILE --is SPAM", "policy list": "", "policy add": "block_sender @evil.example", "policy remove": "id",
		"policy test": "FILE", "policy import": "FILE", "policy export": "", "intel list": "",
		"intel add": "evil.example", "intel explain": "evil.example", "intel approve": "id", "intel remove": "id",
		"intel feeds": "", "intel import": "FILE", "intel update": "", "rescan start": "since:2d", "rescan list": "", "rescan show": "id",
		"rescan follow": "id", "rescan approve": "id", "rescan pause": "id", "rescan resume": "id", "rescan cancel": "id",
		"rules list": "", "rules test": "FILE --tenant contoso", "rules backtest": "--tenant contoso", "audit": "",
		// These need no daemon; those with a file fail since it is not there.
		"serve": "--config FILE", "check": "--config FILE", "setup exchange": "contoso --config FILE",
		"connect": "contoso --config FILE", "restore-backup": "FILE --config FILE", "unwrap": "FILE", "score": "FILE",
		"init": alone, "address new": alone, "demo": alone, "graphsim": alone, "completion": alone, "manual": alone,
		"version": alone,
	}
	var seen []string
	for _, c := range completable(newParser(&cli{}, &bytes.Buffer{}, &bytes.Buffer{}).Model) {
		if len(c.commands) > 0 || c.path == "" {
			continue
		}
		line, known := lines[c.path]
		if !known {
			t.Errorf("%q is a new verb: say here what follows it, and tell its exit statuses", c.path)
			continue
		}
		seen = append(seen, c.path)
		dir := t.TempDir()
		run := func(want int, more ...string) {
			t.Helper()
			args := append(strings.Fields(c.path), more...)
			status, out, errOut := clawback(t, filepath.Join(dir, "none"), args...)
			if status != want {
				t.Errorf("%v: exit status %d, want %d\n%s%s", args, status, want, out, errOut)
			}
			// score --json tells a file's error where its verdict stands
			if want != exitOK && errOut == "" && out == "" {
				t.Errorf("%v: nothing on standard error", args)
			}
		}
		run(exitOK, "--help")
		run(exitUsage, "--no-such-flag")
		if line == alone {
			continue
		}
		line = strings.NewReplacer("FILE", filepath.Join(dir, "nothing-there"), "DIR", dir).Replace(line)
		run(exitFailed, strings.Fields(line)...)
		run(exitFailed, append(strings.Fields(line), "--json")...)
	}
	for verb := range lines {
		if !slices.Contains(seen, verb) {
			t.Errorf("%q is no verb any more", verb)
		}
	}
}
