// Package networks knows which named set of networks an address belongs to.
//
// Reads: the shipped file exchange-online.json, a newer copy of it under the state directory, and the endpoint URL.
// Writes: that copy, by package lastgood.
//
// Invariants:
//
//	I1. A set never becomes empty, and never takes in the whole internet, by a refresh.
//	I2. A lookup never waits for a refresh.
//
// On failure: the last good set stays in use, and the failure is logged and shown by Status.
//
// Standards: Microsoft 365 IP Address and URL web service, version 1 (entries with serviceArea, urls, ips, tcpPorts).
package networks
