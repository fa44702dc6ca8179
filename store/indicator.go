package store

import (
	"context"
	"time"

	"clawback/verdict"
)

// Indicator is a value that a person, or a feed that he believes, knows bad mail by. What it means is known to package
// intel/indicator.
type Indicator struct {
	ID          string              `json:"id"`               // follows from kind and value
	Tenant      string              `json:"tenant,omitempty"` // "": of every tenant
	Kind        string              `json:"kind"`             // url, domain, ip, sha256, email
	Value       string              `json:"value"`
	Disposition verdict.Disposition `json:"disposition"` // what a message that carries it is at least
	State       IndicatorState      `json:"state"`
	Why         string              `json:"why,omitempty"` // of a state that waits for a person
	// The tenants in which one of every tenant waits, while it acts in the others; none: it waits in all.
	Held     []string  `json:"held,omitempty"`
	Hits     int       `json:"hits"` // messages that were judged anew when it came
	Note     string    `json:"note,omitempty"`
	By       string    `json:"by,omitempty"` // who added it
	Approved string    `json:"approved,omitempty"`
	Added    time.Time `json:"added,omitzero"`
	Until    time.Time `json:"until,omitzero"` // matches no more then; verdicts that rest on it stay
}

// IndicatorState is how far an indicator is.
type IndicatorState string

// The states of an indicator.
const (
	IndicatorApplying    IndicatorState = "applying"    // stored messages that carry it are being judged anew
	IndicatorActive      IndicatorState = "active"      // they are, and new ones are as they come
	IndicatorWaiting     IndicatorState = "waiting"     // it would hit too many messages: a person must approve
	IndicatorWithdrawing IndicatorState = "withdrawing" // what rested on it is being judged anew
)

// Key implements Row.
func (i Indicator) Key() Key { return Key{i.Tenant, i.ID} }

// Indicators lists all indicators, or with a tenant those that are that tenant's alone, in order of their ids.
func (s *Store) Indicators(ctx context.Context, tenant string) ([]Indicator, error) {
	return listRows[Indicator](ctx, s, tableIndicators, tenant)
}
