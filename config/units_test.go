package config

import (
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	const day = 24 * time.Hour
	for _, row := range []struct {
		text string
		want time.Duration // -1: refused
	}{
		{"90s", 90 * time.Second}, {"5m", 5 * time.Minute}, {"12h", 12 * time.Hour}, {"1h30m", 90 * time.Minute},
		{"14d", 14 * day}, {"2w", 14 * day}, {"1w2d3h", 9*day + 3*time.Hour}, {"0s", 0}, {"0d", 0}, {"250ms", 250 * time.Millisecond},
		{"", -1}, {"d", -1}, {"5", -1}, {"-1h", -1}, {"-1d", -1}, {"1d-2h", -1}, {"5 minutes", -1}, {"1.5d", -1}, {"1d1w", -1},
		{"99999999999d", -1}, {"4294967295w", -1}, {"1d1d", -1}, {"NaNh", -1},
	} {
		got, err := parseDuration(row.text)
		if (err != nil) != (row.want < 0) || err == nil && got != row.want {
			t.Errorf("parseDuration(%q) = %v, %v; want %v", row.text, got, err, row.want)
		}
	}
}

func TestParseSize(t *testing.T) {
	for _, row := range []struct {
		text string
		want int64 // -1: refused
	}{
		{"400MiB", 400 << 20}, {"400 MiB", 400 << 20}, {"400MB", 400_000_000}, {"1.5 GiB", 3 << 29}, {"0", 0}, {"500B", 500}, {"1kb", 1000},
		{"", -1}, {"-1", -1}, {"MiB", -1}, {"16 EiB", -1}, {"10 XB", -1}, {"999999999999 EiB", -1},
	} {
		got, err := parseSize(row.text)
		if (err != nil) != (row.want < 0) || err == nil && got != row.want {
			t.Errorf("parseSize(%q) = %v, %v; want %v", row.text, got, err, row.want)
		}
	}
}
