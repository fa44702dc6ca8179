package policy

import (
	"clawback/config"
	"clawback/retract/exchange"
	"clawback/retract/intent"
	"clawback/store"
)

// Target is the folder to which an action takes a message; false for none and for words that are no action.
func Target(a config.Action) (exchange.Folder, bool) {
	switch a {
	case config.Junk:
		return exchange.JunkEmail, true
	case config.Trash:
		return exchange.Deleted, true
	case config.SoftDelete:
		return exchange.Deletions, true
	case config.HardDelete:
		return exchange.Purges, true
	}
	return "", false
}

// Reached is the action that an intent's messages have had, which is not always the one that it is for by now.
func Reached(in store.Intent) string {
	for _, a := range []config.Action{config.Junk, config.Trash, config.SoftDelete, config.HardDelete} {
		target, _ := Target(a)
		for _, t := range in.Taken {
			if t.State == intent.Moved && t.Target == string(target) {
				return string(a)
			}
		}
	}
	return in.Action
}

// Further reports whether action a takes a message further out of sight than b.
func Further(a, b string) bool {
	x, ok := Target(config.Action(a))
	y, _ := Target(config.Action(b))
	return ok && exchange.RankOf(x) > exchange.RankOf(y)
}
