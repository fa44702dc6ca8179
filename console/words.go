package console

import (
	"clawback/api"
	"clawback/store"
)

// outcomes are what became of a message in a mailbox, for people.
var outcomes = map[store.Outcome]string{
	store.Pending: "under way", store.Done: "done", store.Gone: "already gone", store.NotFound: "never arrived",
	store.Mismatch: "another message", store.Failed: "failed", store.Held: "waits for a person",
	store.Skipped: "not touched",
}

func outcomeText(o store.Outcome) string {
	if text := outcomes[o]; text != "" {
		return text
	}
	return string(o)
}

// actions are what is done to a message, for people.
var actions = map[string]string{
	"junk": "move to Junk Email", "trash": "move to Deleted Items", "soft_delete": "move to Recoverable Items",
	"hard_delete": "purge", "restore": "put back", "none": "nothing",
}

func actionText(name string) string {
	if text := actions[name]; text != "" {
		return text
	}
	return name
}

// exposures are where a message is that was to be taken, for people.
var exposures = map[api.ExposureState]string{
	api.WasTaken: "taken", api.NotTaken: "not taken", api.PartlyTaken: "partly taken", api.InDoubt: "in doubt",
	api.WasGone: "was gone already", api.NeverThere: "never arrived", api.WasRestored: "put back",
}
