package journal

import (
	"cmp"
	"crypto/sha256"
	"io"
	"slices"
	"strings"

	"clawback/internal/mailaddr"
	"clawback/rfc822"
)

// Open answers the original's octets, decoded, as they were when Exchange journaled them.
func (o Original) Open(r io.ReaderAt) io.Reader {
	return Location{o.Section, o.Encoding}.Open(r)
}

// unwrap reads the envelope part and the originals of a shape into the report.
func (p *parser) unwrap(r *Report, s *shape) {
	if s.envelope != nil {
		s.ids, s.named = p.envelope(s.envelope, r)
	}
	headers := p.originals(r, s)
	if len(r.Originals) == 0 {
		r.reconcileMessageID(nil, s.ids)
		r.problem("no original was found")
		return
	}
	p.order(r, s, headers)
	first := Location{r.Originals[0].Section, r.Originals[0].Encoding}
	r.Inner = p.innerOf(headers[0], first)
	switch n := r.Inner.networkFields; {
	case n > 1:
		r.problem("the original has %d network message ids: none is used", n)
	case r.Inner.InDoubt:
		r.problem("what Exchange wrote into the original's header may be hidden: no network message id is used")
	}
	r.NetworkMessageID = r.Inner.NetworkMessageID
	r.reconcileMessageID(headers[0].All("message-id"), s.ids)
}

// originals measures each attached message and answers their headers.
func (p *parser) originals(r *Report, s *shape) []header {
	var headers []header
	for i := range s.originals {
		if i == maxOriginals {
			r.problem("%d messages are attached: only %d were read", len(s.originals), maxOriginals)
			break
		}
		c := &s.originals[i]
		at, ok := p.decoding(c.at(), c.header)
		if !ok {
			r.problem("the original's transfer encoding %q does not decode: its octets are taken as they stand",
				c.header.Encoding())
		}
		o, h := p.measure(at)
		if isTNEF(c.header) {
			r.problem("the original is in Outlook's own format (TNEF)")
		}
		r.Originals = append(r.Originals, o)
		headers = append(headers, h)
	}
	return headers
}

// measure hashes a message as it streams by and reads its header.
func (p *parser) measure(at Location) (Original, header) {
	o := Original{Section: at.Section, Encoding: at.Encoding}
	sum := &tally{Hash: sha256.New()}
	in := at.Open(p.src)
	l := rfc822.NewLines(io.TeeReader(in, sum))
	defer l.Close()
	h := readHeader(l)
	// A decoder's error cannot come here, decoding has read it through; a reader's is kept in src.
	if at.Section.Size > copyBufferSize {
		_, _ = io.CopyBuffer(sum, onlyReader{in}, make([]byte, copyBufferSize))
	}
	l.Drain()
	o.Size = sum.size
	sum.Sum(o.SHA256[:0])
	o.MessageID = h.get("message-id")
	return o, h
}

// order puts the journaled original first and its decrypted copy after it. Which is which its content says: Exchange
// documents no order.
func (p *parser) order(r *Report, s *shape, headers []header) {
	if len(r.Originals) < 2 {
		return
	}
	for i, o := range r.Originals {
		if p.isProtected(p.outline(Location{o.Section, o.Encoding}), 0) {
			r.toFront(headers, i)
			r.markDecrypted(s)
			return
		}
	}
	s.note("several messages are attached and none is protected")
	r.toFront(headers, r.journaled(s.ids))
}

// markDecrypted flags the copies of the protected original, which have its Message-ID.
func (r *Report) markDecrypted(s *shape) {
	for i := 1; i < len(r.Originals); i++ {
		o := &r.Originals[i]
		o.Decrypted = o.MessageID == r.Originals[0].MessageID || o.MessageID == ""
		if !o.Decrypted {
			s.note("a message is attached that is not the protected original's copy: its Message-ID differs")
		}
	}
}

// journaled answers the index of the first original that the envelope part names, else 0.
func (r *Report) journaled(ids []string) int {
	for i, o := range r.Originals {
		if o.MessageID != "" && slices.Contains(ids, o.MessageID) {
			return i
		}
	}
	return 0
}

func (r *Report) toFront(headers []header, i int) {
	o, h := r.Originals[i], headers[i]
	copy(r.Originals[1:i+1], r.Originals[:i])
	copy(headers[1:i+1], headers[:i])
	r.Originals[0], headers[0] = o, h
}

// isProtected looks for the container of an IRM protected message: MS-OXORMMS 2.1.
func (p *parser) isProtected(o *outline, depth int) bool {
	if isRightsManaged(o.header) {
		return true
	}
	for _, c := range o.parts {
		kind, _ := c.header.mediaType()
		if isRightsManaged(c.header) {
			return true
		}
		if strings.HasPrefix(kind, "multipart/") && depth < maxDepth && p.isProtected(p.inside(o, c), depth+1) {
			return true
		}
	}
	return false
}

func isRightsManaged(h header) bool {
	kind, _ := h.mediaType()
	return kind == "application/x-microsoft-rpmsg-message" || mailaddr.Equal(h.FileName(), "message.rpmsg")
}

// organisationOf is the tenant that Exchange handled the original for, by the two fields that say so. Where they, or
// two of one name, contradict each other they say nothing: the sender wrote a part of it, and must not have the report
// set aside by that.
func organisationOf(h header) string {
	id, attributed := h.sole("x-ms-exchange-organization-id"), h.sole("x-eoptenantattributedmessage")
	if id == contradiction || attributed == contradiction {
		return ""
	}
	attributed, _, _ = strings.Cut(attributed, ":") // "GUID:0"
	a, b := guid(id), guid(attributed)
	if a != "" && b != "" && a != b {
		return ""
	}
	return cmp.Or(a, b)
}

// innerOf keeps what Exchange stamped into the original. The network message id decides which message is taken out of
// a mailbox, so it counts only where it stands exactly once, in whatever way the header is read. Of the other fields
// the sender may have written one too: then they say what makes least of the sender.
func (p *parser) innerOf(h header, at Location) Inner {
	s := p.stampsOf(h, at)
	in := Inner{
		OrganizationID: organisationOf(h),
		Directionality: h.sole("x-ms-exchange-organization-messagedirectionality"),
		AuthAs:         h.sole("x-ms-exchange-organization-authas"),
		InDoubt:        s.hidden || s.ids > 1,
		networkFields:  s.ids,
	}
	if s.hidden || in.AuthAs == contradiction {
		in.AuthAs = anonymous
	}
	if s.hidden {
		in.OrganizationID, in.Directionality = "", ""
	}
	if !in.InDoubt {
		in.NetworkMessageID = guid(h.get(networkField))
	}
	return in
}

// anonymous is the AuthAs of mail that comes from outside.
const anonymous = "Anonymous"

// maxAlternates is how many further Message-IDs of an original are kept.
const maxAlternates = 8

// reconcileMessageID settles which Message-ID the original has: its own, since that is what the mailbox keeps, else
// what the report's header says. The envelope part is Exchange's word for it too, but the sender's subject lies beside
// it. Where it names another one, that is kept as well: both are looked for.
func (r *Report) reconcileMessageID(own, named []string) {
	if len(own) == 0 && len(r.Originals) > 0 && r.Outer.ParentMessageID != "" {
		own = []string{r.Outer.ParentMessageID}
	}
	r.MessageID, r.AlternateIDs = "", nil
	for _, id := range slices.Concat(own, named) {
		id = bareID(id)
		r.addMessageID(id)
		if end := strings.IndexByte(id, '>'); strings.HasPrefix(id, "<") && end > 0 {
			r.addMessageID(id[:end+1]) // without what stands behind it, as in "<x@example.com> (added by mx)"
		}
	}
	if len(own) > 1 {
		r.problem("the original has %d Message-IDs", len(own))
	}
	if len(own) > 0 && slices.ContainsFunc(named, func(id string) bool { return !slices.Contains(own, id) }) {
		r.problem("the original's Message-ID is not the one that the envelope part names")
	}
}

func (r *Report) addMessageID(id string) {
	switch {
	case id == "" || id == r.MessageID || slices.Contains(r.AlternateIDs, id):
	case r.MessageID == "":
		r.MessageID = id
	case len(r.AlternateIDs) < maxAlternates:
		r.AlternateIDs = append(r.AlternateIDs, id)
	}
}

// bareID takes off what mail programs make of a Message-ID when they write a text anew: <x@example.com<mailto:...>>.
func bareID(value string) string {
	if start, _, found := strings.Cut(value, "<mailto:"); found && strings.HasPrefix(start, "<") {
		return start + ">"
	}
	return value
}

// tally counts what it hashes.
type tally struct {
	Hash interface {
		io.Writer
		Sum([]byte) []byte
	}
	size int64
}

func (t *tally) Write(b []byte) (int, error) {
	t.size += int64(len(b))
	return t.Hash.Write(b)
}

// Sum appends the hash.
func (t *tally) Sum(b []byte) []byte { return t.Hash.Sum(b) }

// onlyReader hides WriteTo, so that the copy uses the buffer it is given.
type onlyReader struct{ io.Reader }
