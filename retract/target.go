package retract

import (
	"clawback/config"

	"clawback/retract/exchange"
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
