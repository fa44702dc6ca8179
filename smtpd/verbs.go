package smtpd

import (
	"strings"

	"clawback/internal/mailaddr"
)

func (g *guard) hello(c command) {
	if c.arg == "" || len(c.arg) > 255 {
		g.respond("501 5.5.4 A domain or address literal is required")
		return
	}
	g.peer.hello = c.arg
	g.pass(c.verb + " " + c.arg)
}

// mail checks MAIL. Its parameters are known ones only, because the others were not advertised (RFC 5321 4.1.1.11:
// 555).
func (g *guard) mail(c command) {
	p, ok := parsePath(c.arg, "FROM:")
	if !ok || p.address != "" && !strings.Contains(p.address, "@") {
		g.respond("501 5.1.7 Bad sender address syntax")
		return
	}
	g.path, g.utf8 = p.address, false
	for _, param := range p.params {
		if refusal := g.mailParam(param); refusal != "" {
			g.respond(refusal)
			return
		}
	}
	if !g.utf8 && !isASCII(p.address) {
		g.respond("553 5.6.7 Non-ASCII address without SMTPUTF8") // RFC 6531 3.5
		return
	}
	g.pass(strings.Join(append([]string{"MAIL FROM:<" + p.address + ">"}, p.params...), " "))
}

// mailParam checks one parameter of MAIL FROM.
func (g *guard) mailParam(s string) (refusal string) {
	switch name, value := param(s); name {
	case "SIZE":
		size, ok := parseSize(value)
		if !ok {
			return "501 5.5.4 Malformed SIZE"
		}
		if size > g.srv.limits.MaxMessageSize { // here, since go-smtp answers 501 from 4 GiB on (defect L)
			return "552 5.3.4 Message size exceeds fixed limit"
		}
	case "SMTPUTF8":
		g.utf8 = true
	case "BODY": // go-smtp checks the value; without BINARYMIME
	default:
		return "555 5.5.4 Parameter not recognized"
	}
	return ""
}

// rcpt checks the syntax of RCPT TO before go-smtp sees it: RFC 5321, section 4.1.1.3.
func (g *guard) rcpt(c command) {
	p, ok := parsePath(c.arg, "TO:")
	if !ok || p.address == "" {
		g.respond("501 5.1.3 Bad recipient address syntax")
		return
	}
	if len(p.params) > 0 { // DSN is not advertised
		g.respond("555 5.5.4 Parameter not recognized")
		return
	}
	if !g.utf8 && !isASCII(p.address) {
		g.respond("553 5.6.7 Non-ASCII address without SMTPUTF8")
		return
	}
	g.path = p.address
	address := p.address
	if mailaddr.Equal(address, "postmaster") {
		// RFC 5321 4.5.1: also without a domain, which go-smtp refuses. The session looks at g.path.
		address += "@" + g.srv.hostname
	}
	if !strings.Contains(address, "@") {
		g.respond("501 5.1.3 Bad recipient address syntax")
		return
	}
	g.pass("RCPT TO:<" + address + ">")
}

func (g *guard) data(c command) {
	if c.arg != "" {
		g.respond("501 5.5.4 DATA takes no argument")
		return
	}
	g.pass("DATA")
}

// bdat begins a chunked message. A malformed BDAT ends the session: where its chunk ends is not known, and go-smtp
// would run the chunk as commands (defect J).
func (g *guard) bdat(c command) error {
	size, _, ok := parseChunk(c.arg)
	if !ok {
		g.peer.errors++
		return g.w.fail(errChunk)
	}
	g.chunk, g.skip = &c, size
	g.pass("DATA")
	return nil
}

// nextChunk acknowledges a chunk and reads commands until the next BDAT. What else a client may say between two chunks
// is answered here; what ends the message is kept for go-smtp.
func (g *guard) nextChunk() (size int64, last bool, err error) {
	g.w.printf("250 2.0.0 Continue")
	g.w.pauseBody()
	for {
		c, err := g.command()
		if err != nil {
			return 0, false, err
		}
		switch c.verb {
		case "BDAT":
			size, last, ok := parseChunk(c.arg)
			if !ok {
				g.peer.errors++
				return 0, false, g.w.fail(errChunk)
			}
			g.w.resumeBody()
			return size, last, nil
		case "NOOP":
			g.w.printf("250 2.0.0 OK")
		case "RSET", "QUIT", "EHLO", "HELO":
			g.pending = []byte(strings.TrimRight(c.verb+" "+c.arg, " "))
			g.peer.commands-- // it is counted again
			g.muted = true
			return 0, false, errAborted
		default: // RFC 3030 2: 503 to DATA; and MAIL and RCPT come before
			g.respond("503 5.5.1 Only BDAT or RSET may follow a chunk")
		}
	}
}
