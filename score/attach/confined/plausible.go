package confined

import (
	"reflect"
	"strings"

	"clawback/score/attach"
)

// maxSentence bounds a sentence of a report in bytes: names of files stand in them.
const maxSentence = 2000

// plausible reports whether an answer is one that looking into a file can give: the limits have not grown, and codes
// are codes. Sentences are cut where they are too long, since a file's name may make them so.
func plausible(a answer, before attach.Limits) bool {
	if grown(a.Limits, before) {
		return false
	}
	if a.Report.Stopped != "" || !isCode(a.Report.Kind) {
		return false
	}
	for i := range a.Report.Findings {
		f := &a.Report.Findings[i]
		if f.ID == "" || !isCode(f.ID) {
			return false
		}
		f.Text = cut(f.Text)
	}
	for _, sentences := range [][]string{a.Report.NotRead, a.Report.Unsearched} {
		for i, text := range sentences {
			sentences[i] = cut(text)
		}
	}
	return true
}

func grown(after, before attach.Limits) bool {
	a, b := reflect.ValueOf(after), reflect.ValueOf(before) // whichever limits there are
	for i := range a.NumField() {
		if a.Field(i).Int() > b.Field(i).Int() {
			return true
		}
	}
	return false
}

// isCode reports whether s is made of what the names of kinds and findings are made of.
func isCode(s string) bool {
	return len(s) <= 40 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

func cut(s string) string {
	if len(s) > maxSentence {
		s = s[:maxSentence]
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
