package main

import (
	"fmt"
	"net/netip"
	"strings"

	"clawback/config"
)

// checkDoors warns of what is open to other machines: a firewall or a proxy must say who may come.
func checkDoors(cfg *config.Config) (list []finding) {
	for _, door := range []struct {
		name, listen string
		open         bool
	}{{"rest", cfg.REST.Listen, cfg.REST.Enabled}, {"console", cfg.Console.Listen, cfg.Console.Enabled}} {
		what := topic(door.name + ".listen")
		switch {
		case !door.open:
		case onThisMachine(door.listen):
			list = append(list, what.fine("%s is for this machine alone", door.listen))
		default:
			list = append(list, what.warn(fmt.Sprintf("%s can be reached from other machines", door.listen),
				"let a firewall say who may come, or listen on 127.0.0.1 behind a proxy"))
		}
	}
	return list
}

// onThisMachine reports whether no other machine reaches a listener, as far as its address tells.
func onThisMachine(listen string) bool {
	addr, err := netip.ParseAddrPort(listen)
	return err == nil && addr.Addr().IsLoopback() || strings.HasPrefix(listen, "localhost:")
}
