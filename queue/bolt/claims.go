package bolt

import (
	"bytes"
	"slices"

	"clawback/queue"
)

// claims are the items in work, by id, beside the rows that say the same: to end one its row need not be taken apart
// again. What a transaction that was rolled back has left here is not believed, for the row in queue.db is another one.
type claims map[string]claimed

// claimed is an item in work. Nobody changes it.
type claimed struct {
	item queue.Item
	row  []byte
}

// maxClaims bounds how many items in work are kept, some KiB each. Nearly always there are fewer.
const maxClaims = 1024

// keep keeps an item that is in work, as its row was written.
func (c claims) keep(it *queue.Item, row []byte) {
	if c == nil || it.State != queue.Working || row == nil || len(c) >= maxClaims {
		return
	}
	kept := *it
	kept.Envelope.Rcpts = slices.Clone(it.Envelope.Rcpts) // the claimant gets its own
	kept.Envelope.TLS.ClientNames = slices.Clone(it.Envelope.TLS.ClientNames)
	c[it.ID] = claimed{kept, row}
}

// item is a copy of the item that has this row; nil when it is not kept.
func (c claims) item(id string, row []byte) *queue.Item {
	kept, found := c[id]
	if !found || !bytes.Equal(kept.row, row) {
		return nil
	}
	it := kept.item
	return &it
}
