package config

import (
	"strings"
	"testing"
)

// The console is off without its table, listens on loopback first, and goes without TLS nowhere else.
func TestConsole(t *testing.T) {
	for _, tc := range []struct {
		table string
		want  Console
		wrong string
	}{
		{"", Console{Listen: "127.0.0.1:8444", MaxConnections: 256}, ""},
		{"[console]\n", Console{Enabled: true, Listen: "127.0.0.1:8444", MaxConnections: 256}, ""},
		{"[console]\nenabled = false\n", Console{Listen: "127.0.0.1:8444", MaxConnections: 256}, ""},
		{"[console]\nlisten = \":8444\"\nurl = \"https://console.example.com/\"\n", Console{Enabled: true, Listen: ":8444",
			URL: "https://console.example.com", MaxConnections: 256}, ""},
		{"[console]\nplain_http = true\n", Console{Enabled: true, Listen: "127.0.0.1:8444", PlainHTTP: true,
			MaxConnections: 256}, ""},
		{"[console]\nplain_http = true\nlisten = \"[::1]:80\"\n", Console{Enabled: true, Listen: "[::1]:80",
			PlainHTTP: true, MaxConnections: 256}, ""},
		{"[console]\nplain_http = true\nlisten = \":8444\"\n", Console{}, "plain_http"},
		{"[console]\nplain_http = true\nlisten = \"192.0.2.1:80\"\n", Console{}, "plain_http"},
		{"[console]\nplain_http = true\nlisten = \"systemd:console\"\n", Console{}, "plain_http"},
		{"[console]\nlisten = \"\"\n", Console{}, "listen"},
		{"[console]\nurl = \"console.example.com\"\n", Console{}, "url"},
		{"[console]\nurl = \"https://console.example.com/a\"\n", Console{}, "url"},
		{"[console]\nmax_connections = 1\n", Console{}, "max_connections"},
	} {
		c, r := parse("clawback.toml", []byte(tc.table))
		wrong := ""
		for _, p := range r.problems {
			if key, is := strings.CutPrefix(p.Key, "console."); is {
				wrong = key
			}
		}
		switch {
		case wrong != tc.wrong:
			t.Errorf("%q: %q is wrong, want %q", tc.table, wrong, tc.wrong)
		case wrong == "" && c.Console != tc.want:
			t.Errorf("%q: %+v", tc.table, c.Console)
		}
	}
}
