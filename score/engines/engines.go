// Package engines asks programs beside the scorer: rspamd, SpamAssassin, ClamAV and DNS lists; each is optional.
//
// Reads the answers of those programs over the network.
//
// Writes the message to them.
//
// Invariants:
//   - I1 all are asked at once, each under the same deadline: the slowest decides how long it takes, and never longer
//     than the deadline.
//   - I2 an engine that does not answer is named in Degraded, and blocks nothing.
//   - I3 an answer is bounded in size before it is read.
//   - I4 an error code of a DNS list is never a hit.
//
// On failure: what could not be asked is said in words; the findings of the others stand.
//
// Standards: rspamd's HTTP protocol (/checkv2), SPAMC/1.5, clamd's zINSTREAM, RFC 5782 (DNS lists).
package engines

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"sort"
	"sync"
	"time"
)

// Message is what the engines are asked about.
type Message struct {
	Body       io.ReaderAt
	Size       int64
	Sender     string
	Recipients []string
	IP         netip.Addr // of the server that handed it to Exchange; the zero value where it is not known
	Helo       string
	Domains    []string // registrable domains of its links
	Author     string   // the author's domain, where its age counts; "" where nobody is to be asked for it
}

// Finding is what one engine found.
type Finding struct {
	Engine string  // rspamd, spamassassin, clamav, dnsl, rdap
	Hard   bool    // a known virus
	Points float64 // in units of the scorer's spam score
	Text   string

	NotAsked bool // a limit was reached: nothing was found, and Text says what was not asked for
	// Of rdap: when the author's domain was registered. Zero: that cannot be known, and Text says why.
	Registered time.Time
}

// RDAP is the name of the engine that knows when domains were registered. Its package is score/engines/rdap.
const RDAP = "rdap"

// Engine is one program that can be asked. Ask returns when ctx ends.
type Engine interface {
	Name() string
	Ask(ctx context.Context, m Message) ([]Finding, error)
}

// Set is the engines that are configured.
type Set struct {
	Engines []Engine
	Timeout time.Duration
}

// Ask asks all at once. The findings are in the order of the engines' names, whatever the order of their answers.
func (s Set) Ask(ctx context.Context, m Message) (findings []Finding, degraded []string) {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	var lock sync.Mutex
	var all sync.WaitGroup
	for _, e := range s.Engines {
		all.Go(func() {
			found, err := askOne(ctx, e, m)
			lock.Lock()
			defer lock.Unlock()
			findings = append(findings, found...)
			if err != nil {
				degraded = append(degraded, e.Name()+": "+err.Error())
			}
		})
	}
	all.Wait()
	sort.SliceStable(findings, func(i, j int) bool {
		return findings[i].Engine < findings[j].Engine ||
			findings[i].Engine == findings[j].Engine && findings[i].Text < findings[j].Text
	})
	sort.Strings(degraded)
	return findings, degraded
}

// askOne makes an error of a panic: here it would end the daemon, and not the one item.
func askOne(ctx context.Context, e Engine, m Message) (found []Finding, err error) {
	defer func() {
		if r := recover(); r != nil {
			found, err = nil, fmt.Errorf("panic: %v", r)
		}
	}()
	return e.Ask(ctx, m)
}

// maxAnswer bounds an answer (I3).
const maxAnswer = 1 << 20
