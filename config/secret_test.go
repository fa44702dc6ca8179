package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

func TestSecret_neverPrints(t *testing.T) {
	s := NewSecret("hunter2")
	shown := struct {
		Secret  Secret
		Pointer *Secret
		hidden  Secret // fmt cannot call methods on it
	}{s, &s, s}
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%b", "%w"} {
		fmt.Fprintf(&out, verb+verb+verb+"\n", s, &s, shown)
	}
	fmt.Fprintln(&out, s, shown, []Secret{s}, map[string]Secret{"k": s}, fmt.Errorf("wrap %v", s))
	encoded, err := json.Marshal(shown)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(encoded)
	if err := toml.NewEncoder(&out).Encode(map[string]any{"a": s, "b": Config{Relay: &Relay{Password: s}}}); err != nil {
		t.Fatal(err)
	}
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(h).Info("m", "secret", s, "pointer", &s, "all", shown, "relay", Relay{Password: s})
	}
	for _, value := range []string{"hunter2", fmt.Sprintf("%x", "hunter2"), fmt.Sprintf("%X", "hunter2")} {
		if strings.Contains(out.String(), value) {
			t.Errorf("%s is in the output:\n%s", value, out.String())
		}
	}
	if !bytes.Contains(encoded, []byte(`"[redacted]"`)) {
		t.Errorf("JSON does not say that something was left out: %s", encoded)
	}
}

func TestSecret_revealsAndCompares(t *testing.T) {
	s := NewSecret("hunter2")
	if s.Reveal() != "hunter2" || (Secret{}).Reveal() != "" {
		t.Error("Reveal does not answer the value")
	}
	if !s.Equal(NewSecret("hunter2")) || s.Equal(NewSecret("other")) || s.Equal(Secret{}) {
		t.Error("Equal does not compare values")
	}
	if got := (Secret{}).String(); got != "" {
		t.Errorf("an empty secret prints %q, which looks as if one were set", got)
	}
}
