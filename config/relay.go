package config

import (
	"fmt"
	"net"
	"net/netip"
)

// readRelay reads a relay, or nil where its table is absent.
func readRelay(t *table) *Relay {
	r := &Relay{
		Host:     t.word("host", "", relayHost),
		TLS:      t.choice("tls", "starttls", "starttls", "implicit", "none"),
		CAFile:   t.file("ca_file"),
		Username: t.text("username", ""),
	}
	r.Port = t.number("port", relayPort(r.TLS), 1)
	r.PasswordFile, r.Password = t.secret("password_file")
	if !t.present() {
		return nil
	}
	checkRelay(t, r)
	return r
}

// relayPort is the port that goes with a kind of TLS.
func relayPort(tls string) int {
	switch tls {
	case "implicit":
		return 465 // RFC 8314, section 7.3
	case "none":
		return 25
	}
	return 587 // RFC 6409
}

// relayHost passes a host name or an IP address.
func relayHost(s string) (string, error) {
	if addr, err := netip.ParseAddr(s); err == nil {
		return addr.String(), nil
	}
	if _, _, err := net.SplitHostPort(s); err == nil {
		return "", bad(s, "has a port", "write the port under its own key, port")
	}
	return hostName(s)
}

// checkRelay reports what does not fit together in one relay.
func checkRelay(t *table, r *Relay) {
	if !t.has("host") || t.values["host"] == "" {
		t.wrong("host", "is missing", "name the server that takes mail from this host")
	}
	if r.Port > 65535 {
		t.wrong("port", fmt.Sprintf("is %d", r.Port), "use a port from 1 to 65535")
	}
	if r.TLS == "none" && !loopback(r.Host) {
		t.wrong("tls", `is "none" for a server on another host`,
			`journal reports hold whole mails: use "starttls" or "implicit"`)
	}
	if (r.Username == "") != (r.PasswordFile == "") {
		t.wrong("username", "and password_file must stand together", "write both, or neither")
	}
}

// loopback reports whether a host is this machine.
func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.Unmap().IsLoopback()
}
