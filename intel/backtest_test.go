package intel

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clawback/store"
	"clawback/verdict"
)

func TestBacktest_saysWhatEachRuleWouldHaveDone(t *testing.T) {
	f := newFixture(t)
	var hits []string
	for i := range 7 {
		hits = append(hits, f.received(mail("eve@shop.example", fmt.Sprint("Lottery ", i), "hello there")).ID)
	}
	f.received(mail("ada@partner.example", "Minutes", "hello there"))
	files := map[string]string{"try.toml": "[[rule]]\nid = \"lottery\"\nwhen = 'subject startsWith \"Lottery\"'\nspam = 5.5\n\n" +
		"[[rule]]\nid = \"never\"\nwhen = 'subject == \"x\"'\nhard = true\n\n[[rule]]\nid = \"seen\"\nwhen = 'text contains \"there\"'\n"}
	got, err := f.Backtest(t.Context(), BacktestOrder{Since: f.now.Add(-time.Hour), Files: files})
	if err != nil {
		t.Fatal(err)
	}
	if got.Messages != 8 || got.Unreadable != 0 || got.More || len(got.Rules) != 3 {
		t.Fatalf("backtest %+v", got)
	}
	lottery, never, seen := got.Rules[0], got.Rules[1], got.Rules[2]
	if lottery.Matched != 7 || lottery.By["CLEAN"] != 7 || lottery.Changed["CLEAN to SPAM"] != 7 ||
		len(lottery.Samples) != maxSamples {
		t.Errorf("lottery: %+v", lottery)
	}
	for _, s := range lottery.Samples {
		if !strings.Contains(strings.Join(hits, " "), s.Record) || s.Would != verdict.Spam {
			t.Errorf("sample %+v", s)
		}
	}
	if never.Matched != 0 || len(never.Changed) != 0 {
		t.Errorf("never: %+v", never)
	}
	if n := len(seen.Samples); n != maxSamples || seen.Samples[0].Is != verdict.Clean {
		t.Errorf("%d samples of what stays as it is: %+v", n, seen.Samples)
	}
	if seen.Matched != 8 || len(seen.Changed) != 0 {
		t.Errorf("seen: %+v", seen)
	}
	if rec, err := f.store.Record(t.Context(), hits[0]); err != nil || rec.Verdict.Disposition != verdict.Clean {
		t.Errorf("a backtest changed a record: %+v, %v", rec.Verdict, err)
	}
	limited, err := f.Backtest(t.Context(), BacktestOrder{Since: f.now.Add(-time.Hour), Files: files, Limit: 3, Rules: []string{"seen"}})
	if err != nil || limited.Messages != 3 || !limited.More || len(limited.Rules) != 1 {
		t.Errorf("with a limit: %+v, %v", limited, err)
	}
}

func TestBacktest_saysWhatItCannotDo(t *testing.T) {
	f := newFixture(t)
	if _, err := f.Backtest(t.Context(), BacktestOrder{}); err == nil || !strings.Contains(err.Error(), "rules_dir") {
		t.Errorf("without rules: %v", err)
	}
	_, err := f.Backtest(t.Context(), BacktestOrder{Files: map[string]string{"a.toml": "[[rule]]\nid = \"a\"\nwhen = '1 + '\n"}})
	if err == nil || !strings.Contains(err.Error(), "a.toml:3") {
		t.Errorf("a wrong rule: %v", err)
	}
	f.received(mail("eve@shop.example", "Lottery", "hello"))
	err = filepath.WalkDir(filepath.Join(f.dir, "spool"), func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			err = os.Remove(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.Backtest(t.Context(), BacktestOrder{Files: map[string]string{"a.toml": "[[rule]]\nid = \"a\"\nwhen = 'true'\n"}})
	if err != nil || got.Unreadable != 1 || got.Messages != 0 {
		t.Errorf("without the original: %+v, %v", got, err)
	}
	f.testing.Lock()
	if _, err := f.Backtest(t.Context(), BacktestOrder{}); err == nil || !strings.Contains(err.Error(), "under way") {
		t.Errorf("a second one at a time: %v", err)
	}
	f.testing.Unlock()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f.received(mail("eve@shop.example", "Lottery", "hello"))
	if _, err := f.Backtest(ctx, BacktestOrder{Files: map[string]string{"a.toml": "[[rule]]\nid = \"a\"\nwhen = 'true'\n"}}); err == nil {
		t.Error("a backtest that was given up ended as if it were whole")
	}
}

func TestEffect_samplesOfEveryKindTheChangedOnesFirst(t *testing.T) {
	e := Effect{By: map[string]int{}, Changed: map[string]int{}}
	for i := range 30 {
		is := []verdict.Disposition{verdict.Clean, verdict.Bulk, verdict.Malicious}[i%3]
		y := try{rec: store.Record{ID: fmt.Sprint(i), Verdict: verdict.Verdict{Disposition: is}}}
		y.base.Disposition = is
		e.add(y, max(is, verdict.Spam))
	}
	e.sorted()
	var got []string
	for _, s := range e.Samples {
		got = append(got, s.Is.String()+" to "+s.Would.String())
	}
	want := "BULK to SPAM|BULK to SPAM|BULK to SPAM|CLEAN to SPAM|CLEAN to SPAM|CLEAN to SPAM|MALICIOUS to MALICIOUS|MALICIOUS to MALICIOUS|MALICIOUS to MALICIOUS"
	if strings.Join(got, "|") != want || e.Matched != 30 || e.Changed["CLEAN to SPAM"] != 10 ||
		e.By["MALICIOUS"] != 10 {
		t.Errorf("samples %q of %+v", got, e)
	}
}
