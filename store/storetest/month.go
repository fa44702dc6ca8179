package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"clawback/store"
	"clawback/verdict"
)

// month is the n-th of so many messages of a month's mail, in the order of their arrival, the last one at Start: many
// senders with few messages each, few with many; hosts alike. It is always the same.
func month(n, of int) store.Application {
	r := rand.New(rand.NewPCG(uint64(n), 1))
	a := Realistic(n)
	a.Record.Received = Start.Add(-time.Duration(float64(of-n) / float64(of) * float64(30*24*time.Hour)))
	company := int(r.ExpFloat64() * 300)
	a.Record.From = fmt.Sprintf("person%d@company%d.example", r.IntN(50), company)
	a.Record.Sender = fmt.Sprintf("bounce-%d@mail.company%d.example", n, company)
	a.Record.Subject = fmt.Sprintf("Re: order %d of %s for project w%d", n, []string{"paper", "steel", "bread",
		"wood"}[n%4], r.IntN(3000))
	a.Record.Direction = "inbound"
	v := &a.Record.Variants[0].Verdict
	v.Indicators = []verdict.Indicator{{Kind: "url", Value: MonthURL(n)}}
	for range r.IntN(11) {
		host := fmt.Sprintf("www.site%d.example", int(r.ExpFloat64()*2000))
		v.Indicators = append(v.Indicators, verdict.Indicator{Kind: "domain", Value: host},
			verdict.Indicator{Kind: "url", Value: fmt.Sprintf("https://%s/page/%d", host, n)})
	}
	v.Disposition = verdict.Clean
	if n%50 == 0 {
		v.Disposition = verdict.Malicious
	}
	a.Record.Verdict = *v
	return a
}

// MonthURL is an address of the web that the n-th message of Month alone carries.
func MonthURL(n int) string { return fmt.Sprintf("https://site%d.example/of/%d", n%7919, n) }

// monthPart is how many messages FillMonth applies before it notes how far it is.
const monthPart = 20_000

// FillMonth applies a month's mail, and calls each after every part. What the file in the directory says is there
// already is not applied again, so that a large store can be made once for several measurements.
func FillMonth(ctx context.Context, s *store.Store, dir string, of int, each func() error) error {
	file := filepath.Join(dir, "month.done")
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	done, _ := strconv.Atoi(string(text))
	for done < of {
		last := min(done+monthPart, of)
		if err := applyMonth(ctx, s, done, last, of); err != nil {
			return err
		}
		if err := each(); err != nil {
			return err
		}
		if done = last; os.WriteFile(file, []byte(strconv.Itoa(done)), 0o600) != nil {
			return fmt.Errorf("note in %s", file)
		}
	}
	return nil
}

func applyMonth(ctx context.Context, s *store.Store, from, to, of int) error {
	var all sync.WaitGroup
	failed := make(chan error, 64)
	next := make(chan int)
	for range cap(failed) {
		all.Go(func() {
			var last error
			for n := range next {
				_, _, err := s.Apply(ctx, month(n, of), nothing)
				last = errors.Join(last, err)
			}
			failed <- last
		})
	}
	for n := from; n < to; n++ {
		next <- n
	}
	close(next)
	all.Wait()
	close(failed)
	var err error
	for one := range failed {
		err = errors.Join(err, one)
	}
	return err
}

// nothing plans no intents.
func nothing(store.Record, []store.Intent) []store.Intent { return nil }
