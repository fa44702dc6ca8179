package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"

	"clawback/internal/test/testbed"
)

// words are what clean mail is made of.
var words = strings.Fields("pallet delivery thursday team meeting notes draft review morning schedule warehouse " +
	"figures " +
	"quarter forecast customer feedback update list shelf order the a and of to in for with on at from by about after")

// report is the n-th report: of a MALICIOUS message, or of a clean one with a text of its own, so that no two are
// alike. The same n gives the same report.
func report(bad bool, n int, mailbox string) (testbed.Letter, error) {
	l, err := testbed.Write(bad, n, mailbox)
	if err != nil || bad {
		return l, err
	}
	text := prose(n, *size-len(l.Report))
	end := bytes.LastIndex(l.Report, []byte("\r\n--_"))
	padded := make([]byte, 0, len(l.Report)+len(text))
	padded = append(append(append(padded, l.Report[:end]...), text...), l.Report[end:]...)
	colleague := fmt.Sprintf("colleague%d@contoso.example", n%5000)
	l.Report = bytes.ReplaceAll(padded, []byte("warehouse@contoso.example"), []byte(colleague))
	return l, nil
}

// writtenFor makes one of Contoso's reports another tenant's.
func writtenFor(t testbed.Tenant, report []byte) []byte {
	if t.ID == testbed.Contoso.ID {
		return report
	}
	report = bytes.ReplaceAll(report, []byte(testbed.Contoso.ID), []byte(t.ID))
	return bytes.ReplaceAll(report, []byte(testbed.Contoso.Name), []byte(t.Name))
}

// prose is about size bytes of lines.
func prose(seed, size int) string {
	r := rand.New(rand.NewPCG(uint64(seed), 1))
	var out strings.Builder
	for out.Len() < size {
		out.WriteString("\r\n")
		for line := 0; line < 70; {
			word := words[r.IntN(len(words))]
			out.WriteString(word + " ")
			line += len(word) + 1
		}
	}
	return out.String()
}

const owners = 200 // mailboxes that the clean mail goes to

func mailbox(n int) string { return fmt.Sprintf("user%d@contoso.example", n%owners) }
