// Command benchsets judges the project's own sets (internal/test/mailset), those that the developers of the rules have
// seen and those that were held out from them. It prints, for each kind and language, how much of the bad mail is
// MALICIOUS, held or caught, and how much of the good mail is flagged: with a tenant that is configured (own domains,
// registry, partners, a month of mail before) and without (the recipient's domain alone).
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"text/tabwriter"

	"clawback/internal/test/mailset"
)

func main() {
	log.SetFlags(0)
	wrong := flag.Bool("wrong", false, "list each bad message that is not caught and each good one that is flagged, "+
		"with its reasons")
	asJSON := flag.Bool("json", false, "a line of JSON for each message")
	only := flag.String("set", "", "sets or heldout: judge this collection alone")
	flag.Parse()
	collections := []mailset.Collection{mailset.Sets, mailset.HeldOut}
	if *only != "" {
		collections = []mailset.Collection{mailset.Collection(*only)}
	}
	for _, from := range collections {
		if err := run(from, *wrong, *asJSON); err != nil {
			log.Fatal("bench-sets: ", err)
		}
	}
}

func run(from mailset.Collection, wrong, asJSON bool) error {
	mail, err := mailset.Load(from)
	if err != nil {
		return err
	}
	for _, with := range []bool{true, false} {
		all, err := mailset.Judge(mail, with)
		if err != nil {
			return err
		}
		switch {
		case asJSON:
			err = lines(all)
		default:
			err = table(from, all, with)
		}
		if err != nil {
			return err
		}
		if wrong {
			listWrong(all)
		}
	}
	return nil
}

func lines(all []mailset.Judged) error {
	out := json.NewEncoder(os.Stdout)
	for _, j := range all {
		if err := out.Encode(j); err != nil {
			return err
		}
	}
	return nil
}

// table prints a row for each set, and one for each kind.
func table(from mailset.Collection, all []mailset.Judged, with bool) error {
	if with {
		fmt.Printf("\n%s, with registry, partners and a month of mail:\n", from)
	} else {
		fmt.Printf("\n%s, with the recipient's domain alone:\n", from)
	}
	w := tabwriter.NewWriter(os.Stdout, 2, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "set\tbad\tMALICIOUS\theld\tcaught\tgood\tflagged\tMALICIOUS\t")
	for _, row := range mailset.Count(all) {
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%d\t%s\t%d\t\n", row.Set, row.Bad, percent(row.Malicious, row.Bad),
			percent(row.Held, row.Bad),
			percent(row.Caught, row.Bad), row.Good, percent(row.Flagged, row.Good), row.GoodMalicious)
	}
	return w.Flush()
}

func percent(part, of int) string {
	if of == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(part)/float64(of))
}

func listWrong(all []mailset.Judged) {
	for _, j := range all {
		if j.Bad == j.Disposition.Flagged() {
			continue
		}
		fmt.Printf("%s-%s %s bad=%v %v:", j.Language, j.Kind, j.ID, j.Bad, j.Disposition)
		for _, r := range j.Reasons {
			fmt.Printf(" %s", r)
		}
		fmt.Println()
	}
}
