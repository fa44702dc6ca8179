package score

import (
	"net/netip"
	"slices"
	"strings"
	"unicode"

	"clawback/score/engines"
	"clawback/score/extract"
	"clawback/score/learn"
	"clawback/score/rules"
	"clawback/score/web"
)

// detectEngines takes in what the engines beside the scorer found. They were asked before: nothing is asked here.
func detectEngines(x *inspection) {
	for _, f := range x.msg.Findings {
		if f.Engine == engines.RDAP {
			x.registered(f)
			continue
		}
		if f.NotAsked {
			x.notRead("links", f.Text)
			continue
		}
		id := "engine." + f.Engine
		if f.Hard {
			id = "engine.virus"
		}
		x.times(max(f.Points, 0.01), id, "", "%s", f.Text)
	}
	x.degraded = append(x.degraded, x.msg.Degraded...)
}

// detectClaim takes in what people of the organisation said of the message.
func detectClaim(x *inspection) {
	if said := map[string]string{"phish": "phishing", "junk": "unwanted",
		"not_junk": "wanted"}[x.msg.Claim]; said != "" {
		x.times(1, "submission."+x.msg.Claim, "", "Somebody of the organisation reported it as %s.", said)
	}
}

// detectLearnt asks what the organisation's corrections have taught.
func detectLearnt(x *inspection) {
	if !x.msg.Learnt.Ready() || x.direct != "in" {
		return
	}
	opinion := x.msg.Learnt.Judge(x.tokens())
	words := strings.Join(x.asWritten(opinion.Tokens), ", ")
	switch {
	case opinion.Bad > 0.95:
		x.times((opinion.Bad-0.5)*2, "learn.unwanted", "text",
			"It resembles mail that people of the organisation called unwanted: %s.", words)
	case opinion.Bad < 0.05:
		x.times((0.5-opinion.Bad)*2, "learn.wanted", "text",
			"It resembles mail that people of the organisation called good: %s.", words)
	}
}

// maxShown is how many words are looked through for those that are shown.
const maxShown = 5000

// asWritten gives tokens in the letters in which they stand in the message: those that are learnt are folded, so that a
// word is the same however it is disguised.
func (x *inspection) asWritten(tokens []string) []string {
	at := map[string]int{}
	out := slices.Clone(tokens)
	for i, token := range tokens {
		if strings.Contains(token, ":") { // from:, link: and a domain
			out[i] = web.Defang(token)
			continue
		}
		at[token] = i
	}
	words := 0
	for word := range strings.FieldsFuncSeq(x.mail.Subject+" "+cut(x.mail.Body(), maxText),
		func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if words++; len(at) == 0 || words > maxShown {
			return out
		}
		folded := strings.TrimSpace(x.lexicon.Fold(word).Text)
		if i, ok := at[folded]; ok {
			out[i] = strings.ToLower(word)
			delete(at, folded)
		}
	}
	return out
}

// tokens are what the classifier learns of a message. Of its author only where Exchange found nothing against him, and
// of links not those that lead to the organisation itself, to partners and to sites that everybody links to: else
// whoever names a partner in what people call unwanted would have the classifier think ill of him.
func (x *inspection) tokens() []string {
	var marks []string
	if x.auth.aligned || !x.auth.present {
		marks = append(marks, "from:"+x.domain)
	}
	seen := map[string]bool{}
	for i := range x.mail.Links {
		l := &x.mail.Links[i]
		if owner := web.Organisation(l.Host); x.ours(owner) || x.partner(owner) || x.lists.Popular.Has(l.Domain) ||
			x.lists.HighTrust.Has(l.Domain) {
			continue
		}
		if !seen[l.Domain] && len(seen) < 30 {
			seen[l.Domain] = true
			marks = append(marks, "link:"+l.Domain)
		}
	}
	return learn.Tokens(x.subject.Text+x.body.Text, marks)
}

// Tokens are what learn.Model is trained with for a message.
func (s *Scorer) Tokens(m Message) ([]string, error) {
	mail, err := extract.Read(m.Original, m.Size, s.limits)
	if err != nil {
		return nil, err
	}
	return s.inspect(m, mail).tokens(), nil
}

// EngineMessage is what the engines are asked about for a message.
func (s *Scorer) EngineMessage(m Message) (engines.Message, error) {
	mail, err := extract.Read(m.Original, m.Size, s.limits)
	if err != nil {
		return engines.Message{}, err
	}
	x := s.inspect(m, mail)
	ip, _ := x.connectingIP()
	out := engines.Message{Body: m.Original, Size: m.Size, Sender: x.msg.Sender, Recipients: m.Recipients, IP: ip,
		Author: x.agedHost()}
	seen := map[string]bool{}
	for _, l := range followed(mail.Links) {
		if !seen[l.Domain] && !l.IP && !s.lists.Popular.Has(l.Domain) {
			seen[l.Domain] = true
			out.Domains = append(out.Domains, l.Domain)
		}
	}
	return out, nil
}

// detectRules runs the operator's own rules.
func detectRules(x *inspection) {
	if x.options.Rules == nil {
		return
	}
	for _, m := range x.options.Rules.Match(x.model()) {
		id := "rule." + m.ID
		switch {
		case m.Err != nil:
			x.degraded = append(x.degraded, m.Err.Error())
		case m.Acts():
			x.found = append(x.found, found{Signal: Signal{id, "rule", Points{m.Threat, m.Spoof, m.Spam, m.Bulk},
				m.Hard}, factor: 1, text: ruleText(m), where: "own rules"})
		default:
			x.found = append(x.found, found{Signal: Signal{ID: id, Family: "rule"}, factor: 1,
				text: ruleText(m) + " (The rule only observes.)", where: "own rules"})
		}
	}
}

func ruleText(m rules.Match) string {
	if m.Text != "" {
		return m.Text
	}
	return "The rule " + m.ID + " matches."
}

// model is what rules see of the message.
func (x *inspection) model() rules.Model {
	m := rules.Model{
		Subject: x.mail.Subject, Text: cut(x.mail.Body(), 64<<10), Hidden: cut(x.mail.HTML.Hidden, 16<<10),
		From:   x.ruleAddress(x.from),
		Sender: x.msg.Sender, Recipients: x.recipients(), Headers: map[string][]string{}, Direction: x.direct,
		Auth: rules.Auth{SPF: x.auth.spf, DMARC: x.auth.dmarc, Aligned: x.auth.aligned}, Topics: map[string]float64{},
	}
	if len(x.mail.ReplyTo) > 0 {
		m.ReplyTo = x.ruleAddress(x.mail.ReplyTo[0])
	}
	for _, a := range x.mail.To[:min(len(x.mail.To), 50)] {
		m.To = append(m.To, x.ruleAddress(a))
	}
	for _, f := range x.mail.Header.Fields[:min(len(x.mail.Header.Fields), 300)] {
		name := strings.ToLower(f.Name)
		m.Headers[name] = append(m.Headers[name], cut(f.Value, 4<<10))
	}
	for i := range x.mail.Links[:min(len(x.mail.Links), 100)] {
		l := &x.mail.Links[i]
		m.Links = append(m.Links, rules.Link{URL: l.Raw, Host: l.Host, Domain: l.Domain, Text: l.Label, Where: l.Where})
	}
	x.ruleRest(&m)
	return m
}

func (x *inspection) ruleRest(m *rules.Model) {
	for i := range x.mail.Parts {
		if p := &x.mail.Parts[i]; p.Attached() && len(m.Attachments) < 50 {
			m.Attachments = append(m.Attachments, rules.Attachment{Name: p.Name, Type: p.Type, Size: p.Encoded()})
		}
	}
	for topic, hit := range x.topics {
		m.Topics[topic] = hit.Weight
	}
	for _, f := range x.found {
		m.Signals = append(m.Signals, f.ID)
	}
	if ip, ok := x.connectingIP(); ok && ip != (netip.Addr{}) {
		m.IP = ip.String()
	}
}

func (x *inspection) ruleAddress(a extract.Address) rules.Address {
	domain := x.domainOf(a)
	return rules.Address{Name: a.Name, Address: a.Address, Domain: domain, FreeMail: x.lists.FreeMail.Has(domain)}
}
