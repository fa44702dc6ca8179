package main

import (
	"testing"

	"clawback/config"
)

// What is open to other machines is told, and what is off is not.
func TestCheckDoors(t *testing.T) {
	for listen, want := range map[string]grade{
		"127.0.0.1:8444": fine, "[::1]:8444": fine, "localhost:8444": fine, ":8444": attention, "0.0.0.0:8444": attention,
		"192.0.2.1:8444": attention, "systemd:console": attention, "[::]:8444": attention,
	} {
		cfg := &config.Config{REST: config.REST{Listen: ":1"}, Console: config.Console{Enabled: true, Listen: listen}}
		if list := checkDoors(cfg); len(list) != 1 || list[0].Grade != want || list[0].What != "console.listen" {
			t.Errorf("%s: %+v", listen, list)
		}
	}
}
