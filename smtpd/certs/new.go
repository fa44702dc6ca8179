package certs

import (
	"log/slog"
	"net"
	"time"

	"clawback/config"
)

// Options are what the sources share.
type Options struct {
	StateDir string                                     // the ACME cache is made below it
	Listen   func(address string) (net.Listener, error) // opens challenge listeners; nil: net.Listen
	Log      *slog.Logger                               // nil: none
	Waiting  func(why error, wait time.Duration)        // called by Warm before it waits so long for the CA; nil: none
	Now      func() time.Time                           // nil: time.Now
}

// New makes the source that a configuration asks for.
func New(c *config.Config, o Options) (Source, error) {
	if o.StateDir == "" {
		o.StateDir = c.StateDir
	}
	if c.ACME.Enabled {
		return newACME(c.ACME, o)
	}
	return openFiles(c.TLS, o)
}

// filled is the options with what was left out.
func (o Options) filled() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Waiting == nil {
		o.Waiting = func(error, time.Duration) {}
	}
	if o.Listen == nil {
		o.Listen = func(address string) (net.Listener, error) { return net.Listen("tcp", address) }
	}
	return o
}
