package queue

import (
	"time"
)

// Stats says what is in the queue.
type Stats struct {
	Items   map[State]Count            `json:"items"`
	Tenants map[string]map[State]Count `json:"tenants"` // without Oldest
	Bounces map[BounceState]Count      `json:"bounces"`
	NextDue time.Time                  `json:"next_due,omitzero"` // of the deferred items
	Size    int64                      `json:"size"`              // bytes of queue.db
}

// Count is a number of things and the bytes of their bodies.
type Count struct {
	Count  int       `json:"count"`
	Bytes  int64     `json:"bytes"`
	Oldest time.Time `json:"oldest,omitzero"` // when the oldest of them was received
}
