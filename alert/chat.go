package alert

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Slack's bounds: 50 blocks, 3,000 characters in a section, 150 in a header, about 13,200 in all.
const (
	slackMost    = 9000
	slackSection = 2900
	slackBlocks  = 40
)

// slackBody is a message for an incoming webhook of Slack. Hostile text can neither mention anybody nor make a link:
// it is plain text, with Slack's three characters escaped where text is read as markup, and nothing is unfurled.
func slackBody(p parcel, hostname string) ([]byte, error) {
	entries := gather(p.Events)
	heading := title(entries, hostname)
	blocks := []any{map[string]any{"type": "header", "text": plainText(clip(heading, 140))}}
	left := slackMost
	for i, e := range entries {
		one := clip(entryText(e), slackSection)
		if len(one) > left || len(blocks) > slackBlocks {
			more := fmt.Sprintf("and %d more: see clawback status, clawback search", len(entries)-i)
			blocks = append(blocks, map[string]any{"type": "section", "text": plainText(more)})
			break
		}
		left -= len(one)
		blocks = append(blocks, map[string]any{"type": "section", "text": plainText(one)})
	}
	return json.Marshal(map[string]any{"text": slackEscape(heading), "blocks": blocks, "unfurl_links": false,
		"unfurl_media": false})
}

func plainText(s string) map[string]any {
	return map[string]any{"type": "plain_text", "text": s, "emoji": false}
}

// slackEscape escapes the characters by which Slack's markup begins mentions and links.
func slackEscape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// entryText is an entry in lines.
func entryText(e entry) string {
	lines := []string{e.line()}
	for _, f := range e.facts() {
		lines = append(lines, f.name+": "+f.value)
	}
	return strings.Join(lines, "\n")
}

// teamsMost bounds a card: Teams takes 28 KB for the whole message, and some of it grows on the way.
const teamsMost = 18 << 10

// teamsBody is an Adaptive Card for a Workflow of Teams. Version 1.4: Power Automate fails at 1.5. A message without
// attachments would be taken, and never shown.
func teamsBody(p parcel, hostname string) ([]byte, error) {
	entries := gather(p.Events)
	body := []any{textBlock(title(entries, hostname), map[string]any{"weight": "bolder", "size": "medium"})}
	left := teamsMost
	for i, e := range entries {
		blocks := cardOf(e)
		size, err := json.Marshal(blocks)
		if err != nil {
			return nil, err
		}
		if left -= len(size); left < 0 {
			body = append(body, textBlock(fmt.Sprintf("and %d more: see clawback status, clawback search",
				len(entries)-i), nil))
			break
		}
		body = append(body, blocks...)
	}
	card := map[string]any{"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard",
		"version": "1.4", "body": body}
	return json.Marshal(map[string]any{"type": "message", "attachments": []any{map[string]any{
		"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": nil, "content": card}}})
}

func cardOf(e entry) []any {
	color := map[Severity]string{Critical: "attention", High: "attention", Medium: "warning"}[e.Severity]
	blocks := []any{textBlock(e.line(), map[string]any{"color": orDefault(color, "default"), "separator": true})}
	var facts []any
	for _, f := range e.facts() {
		facts = append(facts, map[string]any{"title": f.name, "value": cardEscape(f.value)})
	}
	if len(facts) > 0 {
		blocks = append(blocks, map[string]any{"type": "FactSet", "facts": facts})
	}
	return blocks
}

func orDefault(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

func textBlock(text string, more map[string]any) map[string]any {
	block := map[string]any{"type": "TextBlock", "text": cardEscape(text), "wrap": true}
	for k, v := range more {
		block[k] = v
	}
	return block
}

// cardEscape escapes what a card's text, which is Markdown, would make links, pictures or emphasis of.
func cardEscape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `[`, `\[`, `]`, `\]`, `(`, `\(`, `)`, `\)`, `*`, `\*`, `_`, `\_`, "`", "\\`",
		`<`, `\<`, `#`, `\#`, `!`, `\!`, `~`, `\~`, `{{`, `{ {`).Replace(s)
}
