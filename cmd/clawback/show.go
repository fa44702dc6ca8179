package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"

	"clawback/api"
	"clawback/api/client"
	"clawback/internal/visible"
	"clawback/store"
)

type showCmd struct {
	ID       []string `arg:"" name:"id" help:"Record id, Message-ID or network message id; with --incident or a search."`
	Raw      bool     `help:"Write the original's bytes, as they came. It is noted in the audit."`
	Text     bool     `help:"Show it as mail programs do, with links defanged. It is noted in the audit."`
	Incident bool     `help:"Show for each recipient: outcome, reason, read or unread, seconds exposed."`
	CSV      bool     `name:"csv" help:"With --incident: answer in CSV."`
	Variant  int      `default:"0" placeholder:"N" help:"With --raw or --text: the form of the original, from 0."`
	Output   string   `short:"o" placeholder:"FILE" help:"With --raw: write to this new file."`
	Terminal bool     `help:"With --raw: write to a terminal all the same."`
	paging
}

// Validate refuses flags that say nothing together.
func (c showCmd) Validate() error {
	modes := 0
	for _, on := range []bool{c.Raw, c.Text, c.Incident} {
		if on {
			modes++
		}
	}
	switch {
	case modes > 1:
		return errors.New("--raw, --text and --incident: choose one")
	case c.CSV && !c.Incident:
		return errors.New("--csv needs --incident")
	case !c.Raw && (c.Output != "" || c.Terminal):
		return errors.New("--output and --terminal need --raw")
	case !c.Incident && len(c.ID) > 1:
		return errors.New("show one message at a time; --incident takes a search")
	}
	return nil
}

func (c showCmd) Run(a *app) error {
	ref := api.MessageRef{Key: c.ID[0], Variant: c.Variant}
	switch {
	case c.Incident:
		return c.incident(a)
	case c.Raw:
		return c.raw(a, ref)
	case c.Text:
		return a.showText(ref)
	}
	ref.Variant = 0
	m, err := client.Do(a.ctx, a.client, api.ShowMessage, ref)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(m)
	}
	return a.showMessage(m)
}

// raw writes the bytes of the original. A terminal is not the place for a stranger's bytes unless a person wants it.
func (c showCmd) raw(a *app, ref api.MessageRef) error {
	if a.onTerminal(c.Output) && !c.Terminal {
		return usage("--raw: a stranger wrote these bytes: name a file with --output, or add --terminal to see them")
	}
	return a.writeNew(c.Output, func(w io.Writer) error {
		return client.Export(a.ctx, a.client, api.ExportOriginal, ref, w)
	})
}

// showText shows a message as a mail program does.
func (a *app) showText(ref api.MessageRef) error {
	t, err := client.Do(a.ctx, a.client, api.ShowText, ref)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(t)
	}
	if err := a.facts([][]string{{"From:", clip(t.From, 300)}, {"Reply-To:", clip(t.ReplyTo, 300)},
		{"To:", clip(t.To, 1000)}, {"Cc:", clip(t.Cc, 1000)}, {"Date:", clip(t.Date, 100)},
		{"Subject:", clip(t.Subject, 500)}}); err != nil {
		return err
	}
	a.printf("\n")
	for line := range strings.Lines(visible.Defang(t.Text)) {
		a.printf("| %s\n", strings.TrimRight(line, "\r\n"))
	}
	a.printf("\n")
	if t.Hidden > 0 {
		a.printf("Its HTML hides %s of text.\n", humanize.Bytes(uint64(t.Hidden)))
	}
	a.showAttachments(t.Attachments, strings.Join(t.NotRead, " "))
	return nil
}

func (a *app) showMessage(m api.Message) error {
	if err := a.facts(factsOf(m)); err != nil {
		return err
	}
	a.printf("\nWhy:\n")
	a.showVerdict(m.Record.Verdict)
	a.showChanges(m)
	if l := m.Correction; l != nil {
		a.printf("\nCorrected: %s said on %s that it is %s (%s).\n", clip(l.By, 40), stamp(l.At), l.Is,
			clip(cmp.Or(l.Comment, "no comment"), 200))
	}
	a.showReported(m.Reported)
	a.showLinks(m.Record)
	if len(m.Attachments) > 0 || m.NotListed != "" {
		a.printf("\n")
		a.showAttachments(m.Attachments, m.NotListed)
	}
	a.printf("\nMailboxes:\n")
	return a.showIntents(m.Intents)
}

// factsOf are the facts of a message, its standing first where a person has said something else than the verdict.
func factsOf(m api.Message) [][]string {
	r := m.Record
	stands := m.Standing.Disposition.String()
	if m.Standing.By != "" {
		stands += fmt.Sprintf(", by %s's word of %s", clip(m.Standing.By, 40), stamp(m.Standing.Since))
	}
	rows := [][]string{
		{"record", r.ID}, {"message-id", fit(r.MessageID, 200)}, {"network id", r.NetworkMessageID},
		{"from", clip(fmt.Sprintf("%s <%s>", r.FromName, r.From), 200)}, {"sender", clip(r.Sender, 200)},
		{"subject", clip(r.Subject, 200)}, {"date", stamp(r.Date)}, {"received", stamp(r.Received)},
		{"direction", r.Direction},
		{"first-hand", strconv.FormatBool(r.FirstHand)}, {"pinned", strings.TrimSpace(r.Pinned + " " + r.PinnedBy)},
		{"retracted by", r.RetractedBy}, {"stands", stands},
		{"disposition", headline(r.Verdict)}, {"region", r.Region}, {"in doubt", inDoubt(r.Doubts)},
	}
	for i, v := range r.Variants {
		if len(r.Variants) > 1 {
			rows = append(rows, []string{fmt.Sprintf("variant %d", i), fmt.Sprintf("%s, %s, %s, sha256 %s", stamp(v.At),
				v.Verdict.Disposition, humanize.IBytes(uint64(v.Size)), v.SHA256)})
		}
	}
	for _, elsewhere := range m.OtherRegions {
		rows = append(rows, []string{"also in", clip(elsewhere, 500)})
	}
	return rows
}

// showChanges says when and why the verdict was replaced.
func (a *app) showChanges(m api.Message) {
	if len(m.Changes) == 0 {
		return
	}
	a.printf("\nThe verdict was changed:\n")
	for _, c := range m.Changes {
		a.printf("  %s  %s  (%s)\n", stamp(c.At), clip(c.Text, 500), clip(c.Who, 40))
	}
	if m.ChangesCut != "" {
		a.printf("  ... and maybe earlier: clawback audit --object %s\n", m.Record.ID)
	}
}

// maxLinks is how many links are shown; --json has all of them.
const maxLinks = 50

// showLinks lists the addresses of the web that the message has, written so that nobody follows them.
func (a *app) showLinks(r api.Record) {
	var links []string
	for _, i := range r.Verdict.Indicators {
		if i.Kind == "url" {
			links = append(links, defang(i.Value))
		}
	}
	slices.Sort(links)
	links = slices.Compact(links)
	if len(links) == 0 {
		return
	}
	a.printf("\nLinks:\n")
	for i, link := range links {
		if i == maxLinks {
			a.printf("  ... and %d more: --json has them\n", len(links)-i)
			return
		}
		a.printf("  %s\n", clip(link, 300))
	}
}

// showAttachments lists files, and says why the list is not whole.
func (a *app) showAttachments(list []api.Attachment, missing string) {
	if len(list) > 0 {
		a.printf("Attachments:\n")
	}
	for _, f := range list {
		where := ""
		switch {
		case f.Nested:
			where = ", in an attached message"
		case f.Inline:
			where = ", shown in the text"
		}
		a.printf("  %-6s %s  %s, %s%s\n         sha256 %s\n", f.Part, clip(cmp.Or(f.Name, "(no name)"), 120),
			clip(f.Type, 80), humanize.IBytes(uint64(f.Size)), where, f.SHA256)
	}
	if missing != "" {
		a.printf("Not all attachments are told: %s\n", clip(missing, 300))
	}
}

func (a *app) showIntents(list []api.Intent) error {
	if len(list) == 0 {
		a.printf("  nothing was done, and nothing is planned\n")
		return nil
	}
	for _, in := range list {
		a.printf("  %-40s %-8s %-12s %-9s %s%s%s\n", clip(in.Address, 40), in.Kind, in.Action, in.Outcome,
			coded(in.Code), readState(in), clip(in.Reason, 500))
		if text := exposed(in.Exposure); text != "" {
			a.printf("      exposed %s\n", text)
		}
		for _, t := range in.Attempts {
			a.printf("      %s %-16s %-9s %s%s\n", stamp(t.Started), t.Operation, t.Outcome, coded(t.Code),
				clip(t.Detail, 200))
		}
	}
	return nil
}

// coded is a code before its sentence.
func coded(c store.Code) string {
	if c == "" {
		return ""
	}
	return "[" + string(c) + "] "
}

// readState says whether the message was read when it was taken; "" where nothing was.
func readState(in api.Intent) string {
	switch {
	case in.Kind != store.Retract || in.WasRead == nil:
		return ""
	case *in.WasRead:
		return "was read; "
	}
	return "was unread; "
}

// exposed says for how long a message lay where its recipient could open it; "" where that is not known.
func exposed(e *api.Exposure) string {
	if e == nil {
		return ""
	}
	switch e.State {
	case api.WasTaken:
		var parts []string
		if e.FromDelivery != nil {
			parts = append(parts, fmt.Sprintf("%d s from its delivery", *e.FromDelivery))
		}
		if e.FromReport != nil {
			parts = append(parts, fmt.Sprintf("%d s from its report", *e.FromReport))
		}
		return strings.Join(parts, ", ")
	case api.WasRestored:
		return "again: it was put back"
	case api.PartlyTaken:
		return "still, maybe: not all of it was taken"
	case api.InDoubt:
		return "still, maybe: whether it was taken is not known yet"
	}
	return ""
}
