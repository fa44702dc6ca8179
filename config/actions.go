package config

import (
	"maps"
	"strings"

	"clawback/verdict"
)

// actionNames are the actions' names, mildest first.
var actionNames = []string{string(None), string(Junk), string(Trash), string(SoftDelete), string(HardDelete)}

// DefaultActions is what is done for a tenant that says nothing: only what is MALICIOUS is taken back.
func DefaultActions() Actions {
	actions := Actions{}
	for _, d := range verdict.All() {
		actions[d] = Rule{Action: None}
	}
	actions[verdict.Malicious] = Rule{Action: SoftDelete}
	return actions
}

// readActions reads a table of actions. What it leaves out is as in the fallback.
func readActions(t *table, fallback Actions) Actions {
	actions := maps.Clone(fallback)
	for _, d := range verdict.All() {
		key := strings.ToLower(d.String())
		v, ok := t.lookup(key)
		if ok {
			actions[d] = readRule(t, key, v)
		}
		t.note(key, Key{Kind: "one of " + choices(actionNames) + ", or a table",
			Default: quoted(string(fallback[d].Action))})
	}
	if actions[verdict.Clean].Action != None {
		t.wrong("clean", "has an action", "mail that is CLEAN is never taken back; remove the line")
		actions[verdict.Clean] = Rule{Action: None}
	}
	return actions
}

// readRule reads the name of an action, or a table with its conditions.
func readRule(t *table, key string, v any) Rule {
	switch v.(type) {
	case string:
		return Rule{Action: Action(t.choice(key, string(None), actionNames...))}
	case map[string]any:
		inner := t.table(key)
		rule := Rule{
			Action:     Action(inner.choice("action", "", actionNames...)),
			UnreadOnly: inner.flag("unread_only", false),
			MaxAge:     inner.duration("max_age", "0s", 0),
		}
		return rule
	}
	t.wrong(key, "is "+kindOf(v),
		`write it as in "soft_delete", or { action = "soft_delete", unread_only = true }`)
	return Rule{Action: None}
}
