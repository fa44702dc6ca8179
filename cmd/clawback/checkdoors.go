package main

import (
	"fmt"
	"net/netip"
	"strings"

	"clawback/config"
)

// checkDoors warns of what is open to other machines: a firewall or a proxy must say who may come.
func checkDoors(cfg *config.Config) []finding {
	return append(checkREST(cfg.REST), checkConsole(cfg.Console)...)
}

const (
	openDoor = "%s can be reached from other machines"
	shutDoor = "let a firewall say who may come, or listen on 127.0.0.1 behind a proxy"
)

func checkREST(c config.REST) []finding {
	what := topic("rest.listen")
	switch {
	case !c.Enabled:
		return nil
	case onThisMachine(c.Listen):
		return []finding{what.fine("%s is for this machine alone", c.Listen)}
	}
	return []finding{what.warn(fmt.Sprintf(openDoor, c.Listen), shutDoor)}
}

func checkConsole(c config.Console) []finding {
	what := topic("console.listen")
	switch {
	case !c.Enabled:
		return nil
	case onThisMachine(c.Listen):
		return []finding{what.fine("%s is for this machine alone", c.Listen)}
	}
	return []finding{what.warn(fmt.Sprintf(openDoor, c.Listen), shutDoor)}
}

// onThisMachine reports whether no other machine reaches a listener, as far as its address tells.
func onThisMachine(listen string) bool {
	addr, err := netip.ParseAddrPort(listen)
	return err == nil && addr.Addr().IsLoopback() || strings.HasPrefix(listen, "localhost:")
}
