package score

import "strings"

// detectBulk looks for mail that somebody subscribed to: newsletters and marketing that name a way out.
func detectBulk(x *inspection) {
	h := x.mail.Header
	if x.direct != "in" || x.list || x.bounce {
		return
	}
	if h.First("List-Unsubscribe") != "" {
		x.note("structure.list_unsubscribe", "header List-Unsubscribe", "It names a way to unsubscribe.")
		if strings.Contains(strings.ToLower(h.First("List-Unsubscribe-Post")), "one-click") && x.auth.dkimOwn {
			x.note("structure.one_click", "header List-Unsubscribe-Post",
				"It can be unsubscribed from with one click, and its signature covers that.")
			x.goodStanding()
		}
	}
	if p := strings.ToLower(h.First("Precedence")); p == "bulk" || p == "list" || p == "junk" {
		x.note("structure.precedence_bulk", "header Precedence", "It calls itself bulk mail.")
	}
	if h.Has("Feedback-Id") || h.Has("X-Campaign") || h.Has("X-CampaignId") || h.Has("X-Mailer-Recptid") ||
		h.Has("X-MC-User") || h.Has("X-SFMC-Stack") || h.Has("X-CSA-Complaints") {
		x.note("structure.mail_service", "header", "It was sent by a service for mass mail.")
	}
	if hit, ok := x.topics["subscription"]; ok {
		x.times(min(hit.Weight, 2), "structure.bulk_words", "text", "It has the phrases of a newsletter: %s.",
			quoteAll(hit.Phrases))
		if h.First("List-Unsubscribe") == "" && hit.Weight >= 1 && !x.trusted {
			x.note("structure.no_unsubscribe", "header",
				"It speaks of unsubscribing and has no List-Unsubscribe header.")
		}
	}
}

// goodStanding notes that a newsletter does all that a good one does, and claims to be nobody else.
func (x *inspection) goodStanding() {
	if x.topics["dating"].Weight >= 3 || x.topics["advance"].Weight >= 3 || x.topics["extortion"].Weight >= 3 {
		return
	}
	for _, f := range x.found {
		if f.Family == "impersonation" && f.ID != "impersonation.reply_to_differs" &&
			f.ID != "impersonation.reply_to_free_mail" || f.ID == "link.cheap_tld" {
			return
		}
	}
	x.note("structure.good_standing", "header",
		"It does what newsletters of good standing do, and claims to be nobody else.")
}
