package api

import (
	"fmt"
	"strings"
	"testing"

	"clawback/queue"
)

// several puts so many messages into quarantine.
func (d *disk) several(t *testing.T, n int) (ids []string) {
	t.Helper()
	for i := range n {
		id := d.quarantined(t, fmt.Sprintf("Subject: %d\r\n\r\nx\r\n", i))
		ids = append(ids, id)
	}
	return ids
}

var byCause = Selection{Cause: string(queue.CauseNetwork)}

func preview(t *testing.T, c *Service, s Selection) DiscardPreview {
	t.Helper()
	p, err := PreviewDiscard.Do(t.Context(), c, Root("ada"), s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What a preview has shown is discarded with one entry in the audit, which says what it was; what comes later stays.
func TestDiscardSelected_isOneEntryInTheAudit(t *testing.T) {
	d := openDisk(t, t.TempDir())
	c := d.service(t)
	d.several(t, 30)
	p := preview(t, c, byCause)
	if p.Count != 30 || len(p.Groups) != 1 || p.Groups[0].Count != 30 || len(p.Samples) != 10 || p.Bytes == 0 {
		t.Fatalf("%+v", p)
	}
	later := d.quarantined(t, forged)
	order := DiscardOrder{Selection: byCause, Count: p.Count, AsOf: p.AsOf, Through: p.Through}
	if err := selected(t, c, order); err == nil || !strings.Contains(err.Error(), "say why") {
		t.Errorf("without a comment: %v", err)
	}
	order.Comment = "forged"
	if err := selected(t, c, order); err != nil {
		t.Fatal(err)
	}
	if items, err := d.queue.List(t.Context(), queue.Filter{}); err != nil || len(items) != 1 || items[0].ID != later {
		t.Errorf("left: %d, %v", len(items), err)
	}
	acts := d.acts(t)
	if len(acts) != 1 || !strings.HasPrefix(acts[0].Comment, "forged (30 items, ") ||
		!strings.Contains(acts[0].Comment, `"cause":"network"`) ||
		!strings.Contains(acts[0].Comment, "SHA-256") || acts[0].Who == "" {
		t.Errorf("%+v", acts)
	}
	if notes, err := d.queue.Discarded(t.Context()); err != nil || len(notes) != 0 {
		t.Errorf("notes %q, %v", notes, err)
	}
	if err := selected(t, c, order); err != nil { // once more: nothing is left of it
		t.Error(err)
	}
	if acts := d.acts(t); len(acts) != 1 {
		t.Errorf("a second time: %+v", acts)
	}
}

// After a crash before the audit was written, the next start writes it, once.
func TestDiscardSelected_isAuditedAfterACrash(t *testing.T) {
	d := openDisk(t, t.TempDir())
	d.several(t, 5)
	sel := queue.Selection{Cause: queue.CauseNetwork}
	p, err := d.queue.Preview(t.Context(), sel)
	if err != nil {
		t.Fatal(err)
	}
	note := queue.Note{Key: "several-1", Text: func(done queue.Discarded) ([]byte, error) {
		return fmt.Appendf(nil, `{"what":"queue.discard","object":"several-1","comment":"%d items"}`, done.Count), nil
	}}
	if _, err := d.queue.DiscardSelected(t.Context(), p, note); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		d.close()
		d = openDisk(t, d.dir)
		d.service(t)
		if acts := d.acts(t); len(acts) != 1 || acts[0].Object != "several-1" {
			t.Errorf("%+v", acts)
		}
	}
}

// What names nothing, or cannot be meant, is refused, and discards nothing.
func TestDiscardSelected_refusesWhatCannotBeMeant(t *testing.T) {
	d := openDisk(t, t.TempDir())
	c := d.service(t)
	d.several(t, 3)
	p := preview(t, c, byCause)
	good := DiscardOrder{Selection: byCause, Count: p.Count, AsOf: p.AsOf, Through: p.Through, Comment: "why"}
	for name, change := range map[string]func(*DiscardOrder){
		"name what is to be": func(o *DiscardOrder) { o.Selection = Selection{} },
		"peers":              func(o *DiscardOrder) { o.Peers = "everybody" },
		"exclude each other": func(o *DiscardOrder) { o.Network, o.Unlisted = "office", true },
		"were shown":         func(o *DiscardOrder) { o.Count = 2 },
		"nothing in":         func(o *DiscardOrder) { o.Through = "" },
	} {
		o := good
		change(&o)
		if err := selected(t, c, o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if items, err := d.queue.List(t.Context(), queue.Filter{}); err != nil || len(items) != 3 {
		t.Errorf("%d are left, %v", len(items), err)
	}
}

// selected throws away what a preview has shown.
func selected(t *testing.T, s *Service, o DiscardOrder) error {
	_, err := DiscardSelected.Do(t.Context(), s, Root("ada"), o)
	return err
}
