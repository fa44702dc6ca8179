package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseLabels_findsColumnsByName(t *testing.T) {
	got, err := parseLabels("label\tname\tsource\nbad\ta.eml\tone\ngood\tb.eml\ttwo\n")
	want := []label{{"a.eml", "one"}, {"b.eml", "two"}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(label{})); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	for _, table := range []string{"", "name\tlabel\na\tbad\n", "name\tsource\na.eml\n"} {
		if _, err := parseLabels(table); err == nil {
			t.Errorf("%q was read", table)
		}
	}
}

func TestStride_eachSourceHasItsShare(t *testing.T) {
	var all []label
	for i := range 1000 {
		source := "large"
		if i%10 == 0 {
			source = "small"
		}
		all = append(all, label{fmt.Sprintf("%04d.eml", 999-i), source})
	}
	counts, seen := map[string]int{}, map[string]bool{}
	for _, l := range stride(all, 100) {
		counts[l.source]++
		seen[l.name] = true
	}
	if diff := cmp.Diff(map[string]int{"large": 90, "small": 10}, counts); diff != "" || len(seen) != 100 {
		t.Errorf("%d messages\n%s", len(seen), diff)
	}
	if got := stride(all, 5000); len(got) != 1000 {
		t.Errorf("%d of 1000 where more are asked for", len(got))
	}
	if len(stride(nil, 5)) != 0 {
		t.Error("nothing has no sample")
	}
}

const mail = "X-Forefront-Antispam-Report: CIP:192.0.2.7;CTRY:US;\r\nFrom: a@sender.example\r\n\r\nCIP:192.0.2.9;\r\n"

// report is one in Exchange Online's form, around mail.
func report() string {
	return "From: a@sender.example\r\nX-MS-Journal-Report:\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\n" +
		"--b\r\nContent-Type: text/plain; charset=\"us-ascii\"\r\n\r\nSender: a@sender.example\r\nSubject: test\r\nMessage-Id: <1@sender.example>\r\n" +
		"Recipient: b@contoso.example\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n" + mail + "\r\n--b--\r\n"
}

func TestOriginal_comesWithItsEnvelope(t *testing.T) {
	got, err := original([]byte(report()))
	if err != nil {
		t.Fatal(err)
	}
	if string(got.body) != mail || got.sender != "a@sender.example" || got.ip != netip.MustParseAddr("192.0.2.7") {
		t.Errorf("%q from %q, %v", got.body, got.sender, got.ip)
	}
	if diff := cmp.Diff([]string{"b@contoso.example"}, got.recipients); diff != "" {
		t.Error(diff)
	}
	if _, err := original([]byte(mail)); err == nil {
		t.Error("what is no report has an original")
	}
}

func TestParseStat_namesWithBrackets(t *testing.T) {
	got, err := parseStat("7 (a) (b c) S 3 7 7 0 -1 4194560 1 2 3 4 150 25 9 9 20 0 1 0 100\n")
	want := process{pid: 7, parent: 3, cpu: 1750 * time.Millisecond}
	if err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	for _, line := range []string{"", "7 (a", "7 (a) S 3", "x (a) S 3 7 7 0 -1 4194560 1 2 3 4 150 25"} {
		if _, err := parseStat(line); err == nil {
			t.Errorf("%q was read", line)
		}
	}
}

func TestReadStat_countsThisProcess(t *testing.T) {
	p, err := readStat(os.Getpid())
	if err != nil || p.pid != os.Getpid() || p.parent != os.Getppid() {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestOverrides_switchOffWhatAsksTheNetwork(t *testing.T) {
	files := overrides("/run/x", "127.0.0.1:5000")
	for _, module := range []string{"rbl", "surbl", "spf", "dkim", "dmarc", "arc", "fuzzy_check", "neural", "reputation"} {
		if files[module+".conf"] != "enabled = false;\n" {
			t.Errorf("%s is on", module)
		}
	}
	if !strings.Contains(files["worker-normal.inc"], "\"127.0.0.1:5000\"") {
		t.Error(files["worker-normal.inc"])
	}
}

// paced takes the same time for every message.
type paced struct {
	each time.Duration
	used *time.Duration
	err  error
}

func (paced) name() string { return "paced" }

func (p paced) judge(context.Context, message) (bool, error) {
	*p.used += p.each
	return true, p.err
}

func (p paced) cpu() (time.Duration, error) { return *p.used, nil }

func TestMeasure_untilItHasTakenLongEnough(t *testing.T) {
	p := paced{each: 100 * time.Millisecond, used: new(time.Duration)}
	rate, err := measure(t.Context(), p, make([]message, 7))
	if err != nil || rate != 10 {
		t.Errorf("%v a second, %v; want 10", rate, err)
	}
	if *p.used != 2100*time.Millisecond {
		t.Errorf("judged for %s, want whole samples over %s", *p.used, *least)
	}
}

func TestCompare_printsTheRatioOfRates(t *testing.T) {
	var out bytes.Buffer
	fast, slow := paced{each: time.Millisecond, used: new(time.Duration)}, paced{each: 5 * time.Millisecond, used: new(time.Duration)}
	if err := compare(t.Context(), &out, make([]message, 10), fast, slow); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); !strings.Contains(text, "1000/s") || !strings.Contains(text, "200/s") ||
		!strings.Contains(text, "5.0 times") {
		t.Error(text)
	}
}

func TestCompare_oneAloneHasNoRatio(t *testing.T) {
	var out bytes.Buffer
	if err := compare(t.Context(), &out, make([]message, 10), paced{each: time.Millisecond, used: new(time.Duration)}); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); strings.Count(text, "\n") != 1 || strings.Contains(text, "times") {
		t.Error(text)
	}
}

func TestCompare_namesTheOneThatFails(t *testing.T) {
	away := errors.New("away")
	err := compare(t.Context(), &bytes.Buffer{}, make([]message, 3), paced{used: new(time.Duration), err: away})
	if !errors.Is(err, away) || !strings.Contains(err.Error(), "paced: message 1") {
		t.Error(err)
	}
}

func TestMedian_ofRounds(t *testing.T) {
	if got := median([]float64{9, 1, 5}); got != 5 {
		t.Error(got)
	}
}
