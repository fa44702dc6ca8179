package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"clawback/journal"
)

// label is a line of labels.tsv.
type label struct{ name, source string }

// parseLabels reads the table by the names in its first line.
func parseLabels(table string) ([]label, error) {
	lines := strings.Split(strings.TrimRight(table, "\n"), "\n")
	head := strings.Split(lines[0], "\t")
	name, source := slices.Index(head, "name"), slices.Index(head, "source")
	if name < 0 || source < 0 {
		return nil, errors.New("labels.tsv: its first line must name the columns name and source")
	}
	var all []label
	for i, line := range lines[1:] {
		fields := strings.Split(line, "\t")
		if len(fields) != len(head) {
			return nil, fmt.Errorf("labels.tsv: line %d has %d columns, want %d", i+2, len(fields), len(head))
		}
		all = append(all, label{fields[name], fields[source]})
	}
	return all, nil
}

// stride takes n evenly out of all, in the order of sources and names: each source has its share, and it is always the
// same.
func stride(all []label, n int) []label {
	sorted := slices.SortedFunc(slices.Values(all), func(a, b label) int {
		return cmp.Or(cmp.Compare(a.source, b.source), cmp.Compare(a.name, b.name))
	})
	n = min(n, len(sorted))
	out := make([]label, n)
	for i := range out {
		out[i] = sorted[i*len(sorted)/n]
	}
	return out
}

// message is an original and its envelope.
type message struct {
	body       []byte
	sender     string
	recipients []string
	ip         netip.Addr
}

// load reads the originals out of the reports.
func load(dir string, list []label) ([]message, error) {
	if len(list) == 0 {
		return nil, errors.New("labels.tsv names no message")
	}
	all := make([]message, len(list))
	for i, l := range list {
		report, err := os.ReadFile(filepath.Join(dir, l.name))
		if err != nil {
			return nil, err
		}
		if all[i], err = original(report); err != nil {
			return nil, fmt.Errorf("%s: %w", l.name, err)
		}
	}
	return all, nil
}

// original takes the first original, decoded, out of a report.
func original(data []byte) (message, error) {
	r := bytes.NewReader(data)
	report, err := journal.Parse(r, int64(len(data)))
	if err != nil {
		return message{}, err
	}
	if len(report.Originals) == 0 {
		return message{}, errors.New("no journal report with an original")
	}
	m := message{sender: report.Sender}
	if m.body, err = io.ReadAll(report.Originals[0].Open(r)); err != nil {
		return message{}, err
	}
	for _, recipient := range report.Recipients {
		m.recipients = append(m.recipients, recipient.Address)
	}
	m.ip = connecting(m.body)
	return m, nil
}

// cip stands in X-Forefront-Antispam-Report: the address of the server that handed the message to Exchange.
var cip = regexp.MustCompile(`CIP:([0-9A-Fa-f.:]+);`)

func connecting(body []byte) netip.Addr {
	header, _, _ := bytes.Cut(body, []byte("\r\n\r\n"))
	found := cip.FindSubmatch(header)
	if found == nil {
		return netip.Addr{}
	}
	addr, _ := netip.ParseAddr(string(found[1])) // one that is none is left out
	return addr
}
