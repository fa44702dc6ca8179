package score

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"clawback/config"
	"clawback/internal/mailaddr"
	"clawback/score/attach"
	"clawback/score/extract"
	"clawback/score/lists"
	"clawback/score/web"
	"clawback/score/words"
	"clawback/verdict/history"
)

// inspection is the work on one message: what was read of it, and what was found.
type inspection struct {
	*Scorer
	ctx    context.Context // of Score, which the inspection does not outlive
	msg    Message
	mail   *extract.Mail
	tenant *config.Tenant
	auth   authentication
	own    map[string]bool // registrable domains of the organisation
	from   extract.Address // the author that is shown
	domain string          // registrable domain of the author
	direct string          // in, out, internal

	subject words.Folded
	body    words.Folded // what is shown: HTML or plain text
	other   words.Folded // the other form, where both are there
	topics  map[string]words.Hit

	bounce     bool // a delivery report or an automatic answer
	list       bool // a discussion list
	reply      bool // an answer in a conversation
	freeMail   bool // the author's domain gives a mailbox to anybody
	trusted    bool // a well-known sender, authenticated with alignment
	history    senderHistory
	age        domainAge
	files      attach.Limits   // what is left for looking into files
	hosts      map[string]int  // which brand's name a host bears, -1 for none
	purposes   map[string]bool // which domains are called after a purpose
	enclosed   []string        // what attached documents say
	fileTopics map[string]bool // topics that only attached files have
	pages      int             // attached pages that were read
	pictures   int             // attached pictures that were searched for QR codes
	clickable  int             // links that a person can follow
	hidden     int             // words that are not shown
	found      []found
	last       *found // the one that was noted last, until the next; nil where it counts for nothing
	indicators indicators
	fileNames  int // names of files among the indicators
	degraded   []string
	unread     []unread // limits that were reached
	unsearched []unread // the same of limits that honest mail reaches
	read       []history.Entry
	override   *override
	failed     error // what was to be read from outside of the message could not be: there is no verdict
}

// detectors are what looks at a message, in order: a later one may rest on what an earlier one noted.
func detectors() []func(*inspection) {
	return []func(*inspection){
		detectPolicies, detectAuth, detectHistory, detectAttachments, detectImpersonation, detectLinks,
		detectLinkedFiles, detectStructure, detectWords, detectBulk,
		detectTogether, detectSigns, detectPretexts, detectAgreement, detectMicrosoft, detectEngines, detectClaim,
		detectLearnt, detectUnread, detectRules,
	}
}

// note adds a signal that is in the catalogue.
func (x *inspection) note(id, where, format string, args ...any) {
	x.times(1, id, where, format, args...)
}

// times adds a signal at a multiple of its weight.
func (x *inspection) times(factor float64, id, where, format string, args ...any) {
	signal, ok := x.catalogue[id]
	x.last = nil
	if factor <= 0 || !ok && x.frozen {
		return
	}
	if !ok {
		signal = Signal{ID: id, Family: "unknown"}
	}
	x.found = append(x.found, found{Signal: signal, factor: factor, text: fmt.Sprintf(format, args...), where: where})
	x.last = &x.found[len(x.found)-1]
}

// lastIsOfFile says of the signal that was noted last whether what it says stands in an attached file.
func (x *inspection) lastIsOfFile(file bool) {
	if x.last != nil {
		x.last.file = file
	}
}

// lastIsOfAuthor says of the signal that was noted last, where it is the one of that id, whether the link leads to the
// author's own domain.
func (x *inspection) lastIsOfAuthor(id string, l *extract.Link) {
	if x.last != nil && x.last.ID == id && x.authors(l.URL) {
		x.last.author = true
	}
}

// saw reports whether a signal was noted.
func (x *inspection) saw(ids ...string) bool {
	for _, f := range x.found {
		for _, id := range ids {
			if f.ID == id {
				return true
			}
		}
	}
	return false
}

// inspect prepares what all detectors need.
func (s *Scorer) inspect(m Message, mail *extract.Mail) *inspection {
	x := &inspection{Scorer: s, msg: m, mail: mail, tenant: m.Tenant, files: attach.Default(), hosts: map[string]int{},
		purposes:   map[string]bool{},
		fileTopics: map[string]bool{}}
	if x.tenant == nil {
		x.tenant = &config.Tenant{}
	}
	if len(mail.From) > 0 {
		x.from = mail.From[0]
	}
	if x.msg.Sender == "" {
		x.msg.Sender = mail.Return
	}
	x.msg.Sender = mailaddr.Lower(strings.Trim(x.msg.Sender, "<> "))
	x.domain = x.domainOf(x.from)
	x.own = ownDomains(x.tenant, m.Recipients, mail)
	x.auth = readAuth(mail.Header, x.from)
	x.direct = direction(m, mail.Header)
	x.freeMail = (s.lists.FreeMail.Has(x.domain) || s.lists.FreeMail.Has(x.from.Domain())) && !relay(x.domain) &&
		!relay(x.from.Domain())
	x.shape()
	x.reverify()
	x.subject = s.lexicon.Fold(mail.Subject)
	x.body = s.lexicon.Fold(withoutURLs(cut(mail.Body(), maxText)))
	if mail.HTML.Text != "" && mail.Plain != "" {
		x.other = s.lexicon.Fold(withoutURLs(cut(mail.Plain, maxText)))
	}
	x.gather()
	return x
}

// domainOf is the domain of an address's organisation.
func (x *inspection) domainOf(a extract.Address) string { return organisation(a.Domain()) }

// readLimits records which limits the readers of the message reached.
func (x *inspection) readLimits() {
	if x.mail.Truncated {
		x.notRead("message", fmt.Sprintf("Of its %d bytes the first %d were read.", x.mail.Size, len(x.mail.Raw())))
	}
	for _, u := range x.mail.NotRead {
		x.notRead(u.Where, u.Text)
	}
	for _, text := range []string{x.mail.Body(), x.mail.Plain, x.mail.HTML.Hidden} {
		if len(text) > maxText {
			x.notRead("text", fmt.Sprintf("Of its %d bytes of text the first %d were searched for words.", len(text),
				maxText))
		}
	}
	if x.mail.EnclosedCut {
		x.notSearched("message", "Of what is attached not all was searched for words.")
	}
}

// maxText is how many octets of text are folded and searched.
const maxText = 200 << 10

func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

// withoutURLs takes addresses of the web out of a text: they are judged as links, and are no words.
func withoutURLs(text string) string {
	if !strings.Contains(text, "://") {
		return text
	}
	var out strings.Builder
	for {
		at := strings.Index(text, "://")
		if at < 0 {
			out.WriteString(text)
			return out.String()
		}
		start := at
		for start > 0 && at-start < 6 && alphanumeric(text[start-1]) {
			start--
		}
		out.WriteString(text[:start])
		end := strings.IndexAny(text[at:], " \t\r\n<>\"")
		if end < 0 {
			return out.String()
		}
		text = text[at+end:]
	}
}

// ownDomains are the organisation's: as configured, else those of the recipients.
func ownDomains(tenant *config.Tenant, recipients []string, mail *extract.Mail) map[string]bool {
	own := map[string]bool{}
	for _, domain := range tenant.Domains {
		own[organisation(domain)] = true
	}
	if len(own) > 0 {
		return own
	}
	if len(recipients) == 0 {
		stamp := exchangeStamp(mail.Header, "X-MS-Exchange-Organization-OriginalEnvelopeRecipients")
		recipients = strings.FieldsFunc(stamp,
			func(r rune) bool { return r == ';' || r == ',' || r == ' ' })
	}
	for _, recipient := range recipients {
		if at := strings.LastIndexByte(recipient, '@'); at >= 0 {
			own[organisation(strings.Trim(recipient[at+1:], "<> "))] = true
		}
	}
	return own
}

func direction(m Message, h extract.Header) string {
	if m.Direction != "" {
		return m.Direction
	}
	originating := mailaddr.Equal(exchangeStamp(h, "X-MS-Exchange-Organization-MessageDirectionality"), "Originating")
	if mailaddr.Equal(exchangeStamp(h, "X-MS-Exchange-Organization-AuthAs"), "Internal") {
		if originating {
			return "out"
		}
		return "internal"
	}
	if originating {
		return "out"
	}
	return "in"
}

// shape notes what kind of mail it is.
func (x *inspection) shape() {
	h := x.mail.Header
	media := strings.ToLower(h.First("Content-Type"))
	auto := strings.ToLower(h.First("Auto-Submitted"))
	report := strings.HasPrefix(media, "multipart/report") && x.hasReport()
	x.bounce = report && x.msg.Sender == "" || (report || strings.HasPrefix(auto, "auto-replied") ||
		h.Has("X-Failed-Recipients") || h.Has("X-MS-Exchange-Message-Is-Ndr") || daemon(x.from)) && !x.leadsAway()
	x.list = (h.Has("List-Post") || h.Has("X-Mailman-Version") || h.Has("X-Mailing-List") || h.Has("X-BeenThere") ||
		h.Has("List-Archive") || h.Has("Mailing-List") || h.Has("List-Subscribe")) &&
		(h.Has("List-Id") || h.Has("X-Mailing-List") || h.Has("X-BeenThere") || h.Has("Mailing-List"))
	x.reply = h.First("In-Reply-To") != "" || h.First("References") != ""
}

// hasReport reports whether a part is one that machines write about a message (RFC 6522): a multipart/report without
// one is a label that anybody can write.
func (x *inspection) hasReport() bool {
	return slices.ContainsFunc(x.mail.Parts, func(p extract.Part) bool {
		switch p.Type {
		case "message/delivery-status", "message/global-delivery-status", "message/disposition-notification",
			"message/global-disposition-notification",
			"message/feedback-report", "message/tracking-status", "text/rfc822-headers", "message/global-headers":
			return true
		}
		return false
	})
}

func daemon(from extract.Address) bool {
	local := from.Local()
	return local == "mailer-daemon" || local == "postmaster"
}

// leadsAway reports whether the text has links to click on elsewhere than at the sender: no delivery report needs them.
func (x *inspection) leadsAway() bool {
	for i := range x.mail.Links {
		if l := &x.mail.Links[i]; l.Kind == extract.Anchor && !l.Nested && !x.authors(l.URL) &&
			!x.lists.Popular.Has(l.Domain) {
			return true
		}
	}
	return false
}

// ours reports whether a domain is the organisation's own.
func (x *inspection) ours(domain string) bool { return x.own[domain] }

// popular reports whether a domain, or the service under whose domain it is a customer's, is one of the ten thousand
// most visited.
func (x *inspection) popular(domain string) bool { return x.lists.Popular.Has(web.Registrable(domain)) }

// authors reports whether an address is one of the author's organisation.
func (x *inspection) authors(u web.URL) bool { return web.Organisation(u.Host) == x.domain }

// brandIndex finds brands by their words and by their keys.
type brandIndex struct {
	domains map[string]int
	keys    []string         // of each brand, its key with look-alikes folded
	pairs   []uint64         // of each brand, those that both its key and the folded one have
	exact   map[string]int   // folded keys of brands that are also ordinary words
	names   map[string][]int // first folded word of a name -> brands
	all     []lists.Brand
	folded  [][]string // of each brand, its names folded
}

func indexBrands(l *lists.Lists) brandIndex {
	index := brandIndex{names: map[string][]int{}, domains: map[string]int{}, exact: map[string]int{}, all: l.Brands}
	folder := words.NewFolder(l.Skeleton)
	for i, b := range l.Brands {
		index.keys = append(index.keys, web.Digits(b.Key))
		index.pairs = append(index.pairs, pairs(b.Key)&pairs(web.Digits(b.Key)))
		var folded []string
		for _, name := range b.Names {
			text := folder.Fold(name).Text
			folded = append(folded, text)
			first, _, _ := strings.Cut(strings.TrimSpace(text), " ")
			index.names[first] = append(index.names[first], i)
		}
		index.folded = append(index.folded, folded)
		if b.Weak {
			index.exact[folder.Fold(b.Key).Text] = i
		}
		for _, domain := range b.Domains {
			if _, have := index.domains[domain]; !have {
				index.domains[domain] = i
			}
		}
	}
	return index
}

// in answers the first brand whose name stands in a folded text. Each word is looked up once: the text is searched for
// every name that begins with it.
func (b brandIndex) in(folded string) (lists.Brand, string, bool) {
	var seen map[string]bool
	for word := range strings.SplitSeq(strings.TrimSpace(folded), " ") {
		brands := b.names[word]
		if len(brands) == 0 || seen[word] {
			continue
		}
		if seen == nil {
			seen = map[string]bool{}
		}
		seen[word] = true
		for _, i := range brands {
			for n, name := range b.folded[i] {
				if strings.HasPrefix(name, " "+word+" ") && strings.Contains(folded, name) {
					return b.all[i], b.all[i].Names[n], true
				}
			}
		}
	}
	return lists.Brand{}, "", false
}
