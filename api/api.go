package api

import (
	"time"

	"clawback/intel"
	"clawback/queue"
	"clawback/score/engines/rdap"
	"clawback/store"
)

// Status is what GET /v1/status answers.
type Status struct {
	Version     string       `json:"version"`
	Hostname    string       `json:"hostname"`
	Region      string       `json:"region,omitempty"`
	Started     time.Time    `json:"started"`
	Sessions    int          `json:"sessions"`
	Memory      Memory       `json:"memory"`
	Tenants     []Tenant     `json:"tenants"`
	Queue       queue.Stats  `json:"queue"`
	PutOff      string       `json:"put_off,omitempty"` // why a message that came now would be put off; "" when it would be taken
	Certificate *Certificate `json:"certificate,omitempty"`
	RDAP        *rdap.Status `json:"rdap,omitempty"` // nil: the registries may not be asked
	Quotas      []Quota      `json:"quotas"`         // of what strangers have sent, where there is any
	Problems    []string     `json:"problems"`       // what needs a person
}

// Memory is what messages that are arriving hold in memory.
type Memory struct {
	Held    int64  `json:"held"`    // bytes
	Peak    int64  `json:"peak"`    // the most bytes that were held at one time since the start
	Max     int64  `json:"max"`     // smtp.max_memory
	Spilled uint64 `json:"spilled"` // messages that went through a file because there was no memory for them
}

// Tenant is one tenant's part of the status.
type Tenant struct {
	Name      string       `json:"name"`
	ID        string       `json:"id"`
	Mode      string       `json:"mode"`
	Counts    store.Counts `json:"counts"`
	Validated string       `json:"connector_validated,omitempty"` // when Exchange Online last validated the connector
	Paused    string       `json:"paused,omitempty"`              // why retraction waits
	Waiting   int          `json:"waiting,omitempty"`             // retractions whose message is not in the mailbox yet
	Stuck     int          `json:"stuck,omitempty"`               // retractions that have failed for some minutes, and are tried again
	StuckWhy  string       `json:"stuck_why,omitempty"`           // the one that has failed longest
	NextLook  time.Time    `json:"next_look,omitzero"`            // when the first of them is looked for again

	Submissions map[string]int `json:"submissions,omitempty"` // what users reported, by state; "unproven" has no effect
}

// Quota is how much of its quota a source of mail has used.
type Quota struct {
	What        string  `json:"what"` // in words
	Tenant      string  `json:"tenant,omitempty"`
	Purpose     string  `json:"purpose"`
	Network     string  `json:"network"` // "": those that no listener names
	Messages    int     `json:"messages"`
	MaxMessages int     `json:"max_messages"`
	Bytes       int64   `json:"bytes"`
	MaxBytes    int64   `json:"max_bytes"`
	Used        float64 `json:"used"`    // 1 is all of it
	Reached     bool    `json:"reached"` // more is answered 452
}

// Certificate is the one that SMTP clients are shown.
type Certificate struct {
	Names    []string  `json:"names"`
	NotAfter time.Time `json:"not_after"`
	Problem  string    `json:"problem,omitempty"`
}

// Message is what GET /v1/records/ID answers: one record with all that is known and done about it.
type Message struct {
	Record   store.Record  `json:"record"`
	Intents  []Intent      `json:"intents"`
	Feedback *intel.Lesson `json:"feedback,omitempty"` // an operator's word on it
	Reported []Submission  `json:"reported,omitempty"` // what users say of it
	Apart    []string      `json:"apart,omitempty"`    // where else the same message may be recorded, because of regions
}

// Intent is an intent with its attempts.
type Intent struct {
	store.Intent
	Attempts []store.Attempt `json:"attempts"`
}

// Order is the body of a POST that makes the daemon do something.
type Order struct {
	Action  string   `json:"action,omitempty"`
	Comment string   `json:"comment,omitempty"`
	Intents []string `json:"intents,omitempty"`
	Address string   `json:"address,omitempty"`

	Campaign string `json:"campaign,omitempty"` // instead of intents: all that the brake holds of it, in one act
	Tenant   string `json:"tenant,omitempty"`   // of the campaign; "": every tenant

	Trust bool `json:"trust,omitempty"` // the operator vouches that a report in quarantine comes from its tenant
}

// Address is one that mail is taken for, or was.
type Address struct {
	Address    string    `json:"address"`
	Tenant     string    `json:"tenant,omitempty"`
	Purpose    string    `json:"purpose,omitempty"`
	Configured bool      `json:"configured"`
	Used       bool      `json:"used"`              // it ever took mail
	Last       time.Time `json:"last,omitzero"`     // when mail for it was last taken; after a restart true to the hour
	Refused    string    `json:"refused,omitempty"` // why it is refused here: its regions
}

// State says in a few words how mail for the address is answered.
func (a Address) State() string {
	switch {
	case a.Refused != "":
		return "550: " + a.Refused
	case !a.Configured:
		return "451 until it is retired: not in the configuration"
	case !a.Used:
		return "accepted; none yet"
	}
	return "accepted"
}

// Failure is the body of every answer that is not 200.
type Failure struct {
	Error string `json:"error"`
}
