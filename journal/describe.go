package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"clawback/internal/visible"
)

// Unwrapped is what `clawback unwrap --json` prints of a file. Every key but one is always there; lists are never null.
type Unwrapped struct {
	File       string `json:"file"`
	Kind       Kind   `json:"kind"`
	Sender     string `json:"sender"`
	OnBehalfOf string `json:"on_behalf_of"`
	Subject    string `json:"subject"`
	MessageID  string `json:"message_id"`
	// There where the report names another one.
	AlternateIDs     []string             `json:"alternate_message_ids,omitempty"`
	NetworkMessageID string               `json:"network_message_id"`
	Recipients       []UnwrappedRecipient `json:"recipients"`
	Originals        []UnwrappedOriginal  `json:"originals"`
	FirstHand        bool                 `json:"first_hand"`
	Problems         []string             `json:"problems"`
	Carried          *UnwrappedCarried    `json:"carried"` // null when the file carries no other message
}

// UnwrappedRecipient is a Recipient with every key.
type UnwrappedRecipient struct {
	Address       string        `json:"address"`
	Type          RecipientType `json:"type"`
	ExpandedFrom  string        `json:"expanded_from"`
	ForwardedFrom string        `json:"forwarded_from"`
}

// UnwrappedOriginal is what is shown of an Original.
type UnwrappedOriginal struct {
	MessageID string `json:"message_id"`
	Size      int64  `json:"size"`
	SHA256    string `json:"sha256"`
	Decrypted bool   `json:"decrypted"`
}

// UnwrappedCarried is what is shown of the message that an NDR or a forward carries.
type UnwrappedCarried struct {
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Describe answers the report as it is shown to people and their scripts. It reads what is carried once more from src,
// which is what was parsed.
func (r *Report) Describe(file string, src io.ReaderAt) (Unwrapped, error) {
	u := Unwrapped{
		File: file, Kind: r.Kind, Sender: r.Sender, OnBehalfOf: r.OnBehalfOf, Subject: r.Subject,
		MessageID: r.MessageID, NetworkMessageID: r.NetworkMessageID, FirstHand: r.FirstHand,
		Recipients: make([]UnwrappedRecipient, 0, len(r.Recipients)),
		Originals:  make([]UnwrappedOriginal, 0, len(r.Originals)),
		Problems:   append([]string{}, r.Problems...), AlternateIDs: r.AlternateIDs,
	}
	for _, rcpt := range r.Recipients {
		u.Recipients = append(u.Recipients, UnwrappedRecipient(rcpt))
	}
	for _, o := range r.Originals {
		u.Originals = append(u.Originals, UnwrappedOriginal{
			MessageID: o.MessageID, Size: o.Size, SHA256: hex.EncodeToString(o.SHA256[:]), Decrypted: o.Decrypted,
		})
	}
	carried, ok := r.Embedded(src)
	if !ok {
		return u, nil
	}
	sum := sha256.New()
	size, err := io.Copy(sum, carried)
	if err != nil {
		return u, fmt.Errorf("read what is carried: %w", err)
	}
	u.Carried = &UnwrappedCarried{Size: size, SHA256: hex.EncodeToString(sum.Sum(nil))}
	return u, nil
}

// WriteText writes the description for a person: one line a fact, foreign text made visible.
func (u Unwrapped) WriteText(w io.Writer) error {
	var text bytes.Buffer
	t := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(t, "%s\t%s\n", name, visible.Line(value))
		}
	}
	fmt.Fprintf(t, "%s: %s\n", visible.Line(u.File), u.kindText())
	row("  sender", u.Sender)
	row("  on behalf of", u.OnBehalfOf)
	row("  subject", u.Subject)
	row("  message id", u.MessageID)
	for _, id := range u.AlternateIDs {
		row("  also named", id)
	}
	row("  network message id", u.NetworkMessageID)
	for _, r := range u.Recipients {
		row("  "+string(r.Type), r.text())
	}
	for _, o := range u.Originals {
		row("  original", o.text())
	}
	if c := u.Carried; c != nil {
		row("  carried", octets(c.Size, c.SHA256))
	}
	for _, p := range u.Problems {
		row("  problem", p)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := w.Write(text.Bytes())
	return err
}

func (u Unwrapped) kindText() string {
	text := strings.ReplaceAll(string(u.Kind), "_", " ")
	if u.FirstHand {
		return text + ", first-hand"
	}
	return text
}

func (r UnwrappedRecipient) text() string {
	text := r.Address
	if r.ExpandedFrom != "" {
		text += ", expanded from " + r.ExpandedFrom
	}
	if r.ForwardedFrom != "" {
		text += ", forwarded from " + r.ForwardedFrom
	}
	return text
}

func (o UnwrappedOriginal) text() string {
	text := octets(o.Size, o.SHA256)
	if o.Decrypted {
		text += ", decrypted copy"
	}
	return text
}

func octets(size int64, sum string) string { return fmt.Sprintf("%d octets, sha256 %s", size, sum) }
