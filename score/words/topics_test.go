package words

import "testing"

// What the scorer promises to understand: each of these in each of these. A phrase that stands in two languages is kept
// once, in one.
func TestLists_everyTopicInEveryLanguage(t *testing.T) {
	l := lexicon(t)
	seen := map[[2]string]int{}
	for _, p := range l.phrases {
		seen[[2]string{p.topic, p.language}]++
	}
	for _, topic := range []string{"credential", "payment", "urgency", "extortion", "callback", "giftcard", "parcel", "crypto", "prize"} {
		for _, language := range []string{"en", "de", "fr", "nl", "pt", "es"} {
			if n := seen[[2]string{topic, language}]; n < 2 {
				t.Errorf("%s in %s: %d phrases", topic, language, n)
			}
		}
	}
}
