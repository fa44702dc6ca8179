package score

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"clawback/internal/test/mailgen"
	"clawback/verdict/history"
)

// workplace is an organisation whose mail teaches a history, as the pipeline and the store let it.
type workplace struct {
	t      *testing.T
	scorer *Scorer
	now    time.Time
	known  map[string]history.Entry
}

func newWorkplace(t *testing.T) *workplace {
	return &workplace{t: t, scorer: scorer(t, Options{}), now: time.Date(2026, 11, 4, 9, 0, 0, 0, time.UTC), known: map[string]history.Entry{}}
}

func (o *workplace) message(text string) Message {
	m := of(text)
	m.FirstHand, m.Received, m.Tenant = true, o.now, mailgen.Tenant()
	m.History = remembered(func(keys []string) (found []history.Entry) {
		for _, key := range keys {
			if e, ok := o.known[key]; ok {
				found = append(found, e)
			}
		}
		return found
	})
	return m
}

func (o *workplace) learn(all []history.Observation) {
	for _, one := range all {
		e := o.known[one.Key]
		e.Key = one.Key
		e.Observe(one)
		o.known[one.Key] = e
	}
}

// receives has a message come in, and learns from it.
func (o *workplace) receives(text string) Result {
	r := runWith(o.t, o.scorer, o.message(text))
	o.learn(r.Observations)
	return r
}

// sends has one of the organisation's people write.
func (o *workplace) sends(change string, to ...string) {
	text := vary("From: Bob Field <bob.field@contoso.example>\nX-MS-Exchange-Organization-AuthAs: Internal\nX-MS-Exchange-Organization-MessageDirectionality: Originating\n" + change)
	m := o.message(text)
	m.Sender, m.Recipients, m.Direction = "bob.field@contoso.example", to, "out"
	r, err := o.scorer.Score(o.t.Context(), m)
	if err != nil {
		o.t.Fatal(err)
	}
	o.learn(r.Observations)
}

func (o *workplace) days(n int) { o.now = o.now.AddDate(0, 0, n) }

// from is an authenticated message of an author.
func from(address string) string {
	domain := domainOf(address)
	return vary("From: " + address + "\nAuthentication-Results: spf=pass smtp.mailfrom=" + domain +
		"; dkim=pass header.d=" + domain + ";dmarc=pass header.from=" + domain)
}

// trusts reports whether a message of an author is helped by what is known of him.
func (o *workplace) trusts(text string) bool {
	return has(runWith(o.t, o.scorer, o.message(text)), "history.correspondent") ||
		has(runWith(o.t, o.scorer, o.message(text)), "history.known_sender") ||
		has(runWith(o.t, o.scorer, o.message(text)), "history.known_domain")
}

const stranger = "eve@evil.example"

// Whatever a stranger does that costs him nothing, he is a stranger.
func TestHistory_aStrangerStaysOne(t *testing.T) {
	for name, attack := range map[string]func(o *workplace){
		"500 messages in a day": func(o *workplace) {
			for range 500 {
				o.receives(from(stranger))
			}
			o.days(10)
		},
		"two bursts, ten days apart": func(o *workplace) {
			for range 2 {
				for range 100 {
					o.receives(from(stranger))
				}
				o.days(10)
			}
		},
		"many subdomains and mailboxes": func(o *workplace) {
			for i := range 200 {
				o.receives(from(fmt.Sprintf("eve%d@n%d.evil.example", i, i)))
			}
			o.days(10)
		},
		"circulars for a month": func(o *workplace) {
			for range 30 {
				o.receives(strings.Replace(from(stranger), "Subject:", "List-Unsubscribe: <https://evil.example/u>\r\nSubject:", 1))
				o.days(1)
			}
		},
		"mail without proof for a month": func(o *workplace) {
			for range 30 {
				o.receives(vary(unsigned + "From: " + stranger))
				o.days(1)
			}
		},
		"flagged mail for a month": func(o *workplace) {
			for range 30 {
				o.receives(strings.Replace(from(stranger), "Shall we meet", "You have won! Claim your prize, lucky winner, claim your reward. http://winner-x.click/ Shall we meet", 1))
				o.days(1)
			}
		},
		"automatic answers": func(o *workplace) {
			for range 10 {
				o.sends("Auto-Submitted: auto-replied\nSubject: Automatic reply: hello\nIn-Reply-To: <1@evil.example>", stranger)
				o.days(1)
			}
		},
		"automatic answers of other programs": func(o *workplace) {
			for _, change := range []string{
				"Auto-Submitted: auto-generated", "Subject: Abwesenheitsnotiz: hello", "Precedence: auto_reply", "X-Autoreply: yes",
				"X-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent", "X-MS-Exchange-Inbox-Rules-Loop: bob.field@contoso.example",
				"Return-Path: <>", "From: No Reply <no-reply@contoso.example>", "X-MS-Exchange-Organization-AutoForwarded: true", "Resent-From: bob.field@contoso.example",
				"Content-Type: multipart/report; report-type=disposition-notification; boundary=b\nSubject: Read: hello", "List-Unsubscribe: <https://contoso.example/u>",
				"Subject: unsubscribe\n\nunsubscribe", "X-MS-Exchange-Organization-AuthAs: Anonymous",
				"Subject: =?utf-8?B?VU5TVUJTQ1JJQkU=?=\n\nplease", "Subject: Abmeldung vom Newsletter\n\n", "Subject: Me d\u00e9sabonner\n\nmerci", "Subject: STOP\n\nstop", "Subject: hello\n\n",
				"Subject: Not read: hello", "Subject: Abgelehnt: hello", "Subject: Accept\u00e9 : hello", "Subject: Meeting Forward Notification: hello", "X-Auto-Response-Suppress: All",
				"Content-Type: multipart/report; report-type=disposition-notification; boundary=b\nSubject: Vu\n\n--b\nContent-Type: text/html\n\n<a href=\"http://evil.example/\">seen</a>\n" +
					"--b\nContent-Type: message/disposition-notification\n\nDisposition: manual-action/MDN-sent-automatically; displayed\n--b--",
				"Content-Type: multipart/mixed; boundary=b\nSubject: hello\n\n--b\nContent-Type: text/plain\n\nIt was shown.\n--b\nContent-Type: message/disposition-notification\n\nDisposition: x; displayed\n--b--",
				"Content-Type: text/calendar; method=COUNTER\nSubject: hello\n\nBEGIN:VCALENDAR\nMETHOD:COUNTER\nEND:VCALENDAR\n",
				"Content-Type: text/calendar\nContent-Transfer-Encoding: base64\nSubject: hello\n\nQkVHSU46VkNBTEVOREFSCm1ldGhvZDpyZXBseQpFTkQ6VkNBTEVOREFSCg==\n",
			} {
				o.sends(change, stranger)
				o.days(1)
			}
		},
		"answers of a meeting room": func(o *workplace) {
			for range 3 {
				o.sends("Content-Type: text/calendar; method=REPLY\n\nBEGIN:VCALENDAR\nMETHOD:REPLY\nEND:VCALENDAR\n", stranger)
				o.days(1)
			}
		},
		"a circular of the organisation's": func(o *workplace) {
			to := []string{stranger}
			for i := range 40 {
				to = append(to, fmt.Sprintf("c%d@customer.example", i))
			}
			for range 3 {
				o.sends("", to...)
				o.days(1)
			}
		},
		"one answer": func(o *workplace) { o.sends("In-Reply-To: <1@evil.example>", stranger); o.days(10) },
		"many answers in a day": func(o *workplace) {
			for range 20 {
				o.sends("References: <1@evil.example>", stranger)
			}
			o.days(10)
		},
		"answers to forged answers": func(o *workplace) {
			for range 50 {
				o.receives(strings.Replace(from(stranger), "Subject:", "In-Reply-To: <ours@contoso.example>\r\nReferences: <ours@contoso.example>\r\nSubject: Re:", 1))
			}
			o.days(10)
		},
	} {
		o := newWorkplace(t)
		attack(o)
		if o.trusts(from(stranger)) {
			t.Errorf("%s: the stranger is known: %+v", name, o.known)
		}
	}
}

// circular is one with more fields.
func circular(fields string) string {
	fields = strings.ReplaceAll(fields, "\n", "\r\n")
	return strings.Replace(from("list@evil.example"), "Subject:", fields+"\r\nSubject:", 1)
}

// What a List-Unsubscribe field has mail programs send, in whatever words and to whomever, makes nobody known.
func TestHistory_unsubscribingMakesNobodyKnown(t *testing.T) {
	const plain = "mailto:eve@evil.example?subject=other&body=Dear%20Eve%2C%20as%20we%20agreed%20I%20write%20to%20you"
	for name, c := range map[string]struct {
		fields string
		to     string // more recipients
	}{
		"a subject and a text of the sender's": {"List-Unsubscribe: <" + plain + ">", ""},
		"upper case":                           {"LIST-UNSUBSCRIBE: <MAILTO:EVE@EVIL.EXAMPLE?SUBJECT=OTHER>", ""},
		"without brackets":                     {"List-Unsubscribe: " + plain, ""},
		"behind a comment":                     {"List-Unsubscribe: (to leave) <" + plain + ">", ""},
		"behind a web page":                    {"List-Unsubscribe: <https://evil.example/u>, <" + plain + ">", ""},
		"folded":                               {"List-Unsubscribe: <mailto:\n eve@evil.example\n ?subject=other>", ""},
		"percent-encoded":                      {"List-Unsubscribe: <mailto:%65ve%40evil%2Eexample?subject=other>", ""},
		"an encoded word":                      {"List-Unsubscribe: =?utf-8?B?PG1haWx0bzpldmVAZXZpbC5leGFtcGxlPg==?=", ""},
		"an address in its query":              {"List-Unsubscribe: <mailto:?subject=other&TO=eve%40evil.example>", ""},
		"as a copy":                            {"List-Unsubscribe: <mailto:list@evil.example?cc=eve@evil.example>", "list@evil.example"},
		"as a copy, escaped":                   {"List-Unsubscribe: <mailto:list@evil.example?a=b&amp;bcc=eve@evil.example>", "list@evil.example"},
		"behind our own":                       {"List-Unsubscribe: <mailto:bob.field@contoso.example,eve@evil.example>", "bob.field@contoso.example"},
		"behind a partner's":                   {"List-Unsubscribe: <mailto:ann@partner.example,eve@evil.example>", "ann@partner.example"},
		"the second of two":                    {"List-Unsubscribe: <mailto:list@evil.example>, <" + plain + ">", ""},
		"the second field":                     {"List-Unsubscribe: <https://evil.example/u>\nX: y\nlist-unsubscribe: <" + plain + ">", ""},
		"the first of ninety":                  {"List-Unsubscribe: <" + plain + ">" + strings.Repeat("\nList-Unsubscribe: <mailto:a@b.example>", 90), ""},
		"the last of ninety":                   {strings.Repeat("List-Unsubscribe: <mailto:a@b.example>\n", 90) + "List-Unsubscribe: <" + plain + ">", ""},
		"a field's name escaped":               {"List-Unsubscribe: <mailto:?subject=other&%74o=eve@evil.example>", ""},
		"with slashes":                         {"List-Unsubscribe: <mailto://eve@evil.example>", ""},
		"in mail without proof":                {"List-Unsubscribe: <" + plain + ">\n" + strings.TrimSpace(unsigned), ""},
		"of a domain not his own":              {"From: a@other.example\nList-Unsubscribe: <" + plain + ">", ""},
	} {
		o := newWorkplace(t)
		o.sends("", "ann@partner.example")
		o.receives(circular(c.fields))
		for range 3 {
			to := []string{stranger}
			if c.to != "" {
				to = append(to, c.to)
			}
			o.sends("Subject: other\n\nDear Eve, as we agreed I write to you about the offer, and wait for what you say of it.", to...)
			o.days(1)
		}
		if o.trusts(from(stranger)) || o.trusts(from("other@evil.example")) {
			t.Errorf("%s: the stranger is known: %+v", name, o.known)
		}
		if !o.trusts(from("ann@partner.example")) {
			t.Errorf("%s: the partner is not known any more", name)
		}
	}
}

// A mailbox that is made for each message is remembered by its host, so that lists do not fill the history.
func TestHistory_unsubscribeMailboxesMadeForOneMessage(t *testing.T) {
	o := newWorkplace(t)
	for i := range 50 {
		o.receives(circular(fmt.Sprintf("List-Unsubscribe: <mailto:leave-%x@evil.example>", i*7919)))
	}
	if len(o.known) > 8 {
		t.Errorf("%d entries of one list", len(o.known))
	}
	o.sends("Subject: other\n\nDear Eve, as we agreed I write to you.", "leave-77@evil.example")
	if o.trusts(from("leave-77@evil.example")) {
		t.Error("a made mailbox that was written to is known")
	}
	if o.sends("", "ann@evil.example"); !o.trusts(from("ann@evil.example")) {
		t.Error("a person of the same host, to whom our people wrote first, is not known")
	}
}

// Those whom the organisation deals with are known.
func TestHistory_aPartnerBecomesKnown(t *testing.T) {
	for name, deal := range map[string]func(o *workplace){
		"our people wrote first": func(o *workplace) { o.sends("", stranger) },
		"they answered on two days": func(o *workplace) {
			o.sends("In-Reply-To: <1@x>", stranger)
			o.days(1)
			o.sends("In-Reply-To: <2@x>", stranger)
		},
		"mail on three days, for long": func(o *workplace) {
			o.receives(from(stranger))
			o.days(4)
			o.receives(from(stranger))
			o.days(4)
			o.receives(from(stranger))
		},
		"our people wrote to the firm": func(o *workplace) { o.sends("", "office@evil.example"); o.sends("", "sales@evil.example") },
	} {
		o := newWorkplace(t)
		deal(o)
		if !o.trusts(from(stranger)) {
			t.Errorf("%s: he is not known: %+v", name, o.known)
		}
	}
}

// What is known of a partner is not changed by what others send in his name, and helps nobody else.
func TestHistory_aPartnerIsNeitherBorrowedNorSpoilt(t *testing.T) {
	const partner = "ann@partner.example"
	o := newWorkplace(t)
	o.sends("", partner)
	for range 4 {
		o.receives(from(partner))
		o.days(3)
	}
	before := fmt.Sprint(o.known)
	for range 100 {
		o.receives(vary("From: " + partner + "\nAuthentication-Results: spf=fail smtp.mailfrom=partner.example; dkim=none;dmarc=fail action=none header.from=partner.example"))
		o.receives(vary("From: " + partner + "\nAuthentication-Results: spf=pass smtp.mailfrom=evil.example; dkim=pass header.d=x-partner-example.20230601.gappssmtp.com;dmarc=fail header.from=partner.example"))
		o.receives(vary("From: " + partner + "\nReply-To: " + stranger + "\nAuthentication-Results: spf=pass smtp.mailfrom=evil.example; dkim=pass header.d=evil.example;dmarc=none header.from=partner.example"))
	}
	if after := fmt.Sprint(o.known); after != before {
		t.Errorf("mail in his name has changed what is known:\n%s\n%s", before, after)
	}
	if r := o.receives(from(partner)); r.Disposition.Flagged() || !has(r, "history.correspondent") {
		t.Errorf("the partner himself: %v %s", r.Disposition, summary(r))
	}
	for _, other := range []string{"ann@partner.example.evil.example", "ann@xpartner.example", "\u212aann@partner.evil", "ann@partner-example.onmicrosoft.com"} {
		if o.trusts(from(other)) {
			t.Errorf("%s is trusted as %s is", other, partner)
		}
	}
}

// A neighbour under a host that many share is no acquaintance.
func TestHistory_ofAHostThatManyShare(t *testing.T) {
	for _, c := range [][2]string{
		{"ann@partner.onmicrosoft.com", "eve@evil.onmicrosoft.com"}, {"ann@partner.zendesk.com", "eve@evil.zendesk.com"}, {"ann@partner.github.io", "eve@evil.github.io"},
	} {
		o := newWorkplace(t)
		for range 3 {
			o.sends("", c[0], "office@"+domainOf(c[0]))
			o.days(1)
		}
		if !o.trusts(from(c[0])) || o.trusts(from(c[1])) {
			t.Errorf("%s is known: %v, and %s: %v", c[0], o.trusts(from(c[0])), c[1], o.trusts(from(c[1])))
		}
	}
}

// What people call unwanted teaches nothing against a partner who is only named in it.
func TestTokens_aForgedOrNamedPartnerIsNotLearnt(t *testing.T) {
	s := scorer(t, Options{})
	tenant := mailgen.Tenant()
	tenant.Partners = []string{"partner.example"}
	tokens := func(text string) string {
		m := of(text)
		m.Tenant, m.Direction = tenant, "in"
		all, err := s.Tokens(m)
		if err != nil {
			t.Fatal(err)
		}
		return " " + strings.Join(all, " ") + " "
	}
	for name, c := range map[string]struct {
		text, token string
		want        bool
	}{
		"the author, proven":           {from("ann@partner.example"), "from:partner.example", true},
		"the author, forged":           {vary("From: ann@partner.example\nAuthentication-Results: spf=fail smtp.mailfrom=partner.example; dkim=none;dmarc=fail header.from=partner.example"), "from:partner.example", false},
		"the author, signed by others": {vary("From: ann@partner.example\nAuthentication-Results: spf=pass smtp.mailfrom=evil.example; dkim=pass header.d=evil.example;dmarc=none header.from=partner.example"), "from:partner.example", false},
		"a link to a partner":          {link("https://www.partner.example/x", "here"), "link:partner.example", false},
		"a link to the organisation":   {link("https://www.contoso.example/x", "here"), "link:contoso.example", false},
		"a link to a well-known site":  {link("https://www.google.com/x", "here"), "link:google.com", false},
		"a link to anybody else":       {link("https://www.evil.example/x", "here"), "link:evil.example", true},
	} {
		if got := tokens(c.text); strings.Contains(got, " "+c.token+" ") != c.want {
			t.Errorf("%s: learnt %v, want %v: %s", name, !c.want, c.want, got)
		}
	}
}
