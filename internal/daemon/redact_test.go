package daemon

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"clawback/config"
)

const (
	hiddenJournal  = "j-7q3k9xw2m4t6z8b5n1c0v3a2s9@journal.example.com"
	hiddenShort    = "journal@short.example.com"
	hiddenRecovery = "Back-4m8w2@Journal.example.com"
	hiddenReport   = "report-5t2n8@journal.example.com"
	hiddenFormer   = "j-old7q3k9xw2m4t6z8@journal.example.com"
)

func hiddenConfig() *config.Config {
	return &config.Config{Tenants: []config.Tenant{{
		Name: "contoso", Addresses: []config.Address{{Address: hiddenJournal}, {Address: hiddenShort}},
		RecoveryAddress: hiddenRecovery, Submissions: []config.Submission{{Address: hiddenReport}},
	}}}
}

// No address leaves the log, wherever it stands in a record.
func TestLogger_hidesAddresses(t *testing.T) {
	var out bytes.Buffer
	log := Logger(slog.NewTextHandler(&out, nil), hiddenConfig())
	log.Handler().(*redactor).secrets.set(hiddenConfig(), map[string]string{hiddenFormer: "fabrikam"})
	for _, address := range []string{hiddenJournal, hiddenShort, hiddenRecovery, hiddenReport, hiddenFormer} {
		for _, form := range []string{
			"%s", "<%s>", "to=%s", "address/%s", "550 5.1.1 <%s>: no such user", "%s.", "%s,other@example.com", "(%s)", "\"%s\"",
			"smtp:%s", "x;%s;y", "mailto:%s?subject=x", "unknown@example.com and %s", "\u00fc%s", "%s:25", "[%s]", "\\%s\\",
		} {
			text := fmt.Sprintf(form, address)
			for _, text := range []string{text, strings.ToUpper(text)} {
				out.Reset()
				log.Info(text)
				log.Info("a", "text", text)
				log.Info("a", "error", errors.New(text))
				log.Info("a", "error", fmt.Errorf("wrapped: %w", errors.New(text)))
				log.Info("a", "list", []string{text})
				log.Info("a", "any", struct{ A string }{text})
				log.Info("a", slog.Group("g", "inner", text))
				log.With("text", text).Info("a")
				log.WithGroup("g").Info("a", "text", text)
				if n := strings.Count(out.String(), "["); n < 9 {
					t.Errorf("%q: only %d of 9 lines are marked\n%s", text, n, &out)
				}
				if strings.Contains(strings.ToLower(out.String()), strings.ToLower(address)) {
					t.Errorf("%q is in the log:\n%s", text, &out)
				}
			}
		}
	}
}

// The local part of a generated address is hidden by itself; a common word that is one is not.
func TestLogger_hidesLongLocalParts(t *testing.T) {
	var out bytes.Buffer
	log := Logger(slog.NewTextHandler(&out, nil), hiddenConfig())
	log.Info("the journal is read", "near", "x j-7q3k9xw2m4t6z8b5n1c0v3a2s9 y", "word",
		"J-7Q3K9XW2M4T6Z8B5N1C0V3A2S9@other.example")
	if text := strings.ToLower(out.String()); strings.Contains(text, "7q3k9xw2") ||
		!strings.Contains(text, "the journal is read") {
		t.Errorf("the log says:\n%s", text)
	}
}

// What is no address of the daemon's is logged as it is.
func TestLogger_leavesTheRest(t *testing.T) {
	for _, text := range []string{
		"", "@", "a@", "@b", "ann@example.com", "x" + hiddenShort[1:], hiddenShort + "x", "journal@short.example.com.evil.example",
		strings.Repeat("@", 1000), strings.Repeat("a", 10_000), "\xff\xfe@\xff", "j-7q3k9xw2m4t6z8b5n1c0v3a2s",
	} {
		s := &secrets{}
		s.set(hiddenConfig(), nil)
		if got := s.clean(text); got != text {
			t.Errorf("%.50q became %.50q", text, got)
		}
	}
}

func FuzzSecrets_clean(f *testing.F) {
	f.Add("to=", ".")
	f.Fuzz(func(t *testing.T, before, after string) {
		s := &secrets{}
		s.set(hiddenConfig(), nil)
		for _, sep := range []string{" ", "<", "=", "\n"} {
			if got := s.clean(before + sep + hiddenJournal + " " + after); !strings.Contains(got,
				"[a journal address of contoso]") {
				t.Errorf("%q", got)
			}
		}
	})
}
