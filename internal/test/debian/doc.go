// Package debian installs the packages in a Debian 12 that boots with systemd, and leads them through their life:
// installed, configured, started, reloaded, killed, restarted under load, upgraded, backed up, carried on elsewhere,
// removed and purged.
//
// The machine is systemd-nspawn's, in a network namespace that has a loopback interface and nothing else; the simulator
// of Microsoft Graph and the senders are beside it there.
//
// `make debian` runs it, as root. It is a test package only.
package debian
