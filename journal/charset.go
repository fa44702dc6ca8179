package journal

import (
	"io"
	"strings"
	"unicode/utf8"

	htmlcharset "golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/ianaindex"
)

// textReader decodes a stream from a charset to UTF-8. Where the charset is ASCII, missing or unknown it answers the
// octets as they are, and loose: then each line is to be read by looseText.
func textReader(r io.Reader, label string) (out io.Reader, loose, known bool) {
	switch strings.ToLower(strings.TrimSpace(label)) {
	case "", "us-ascii", "ascii", "ansi_x3.4-1968", "utf-8", "utf8", "unicode-1-1-utf-8":
		return r, true, true
	}
	e := lookup(label)
	if e == nil {
		return r, true, false
	}
	return e.NewDecoder().Reader(r), false, true
}

// lookup asks the WHATWG's list, which takes labels as they are really meant (iso-8859-1 is windows-1252), and the
// IANA registry for what that list forbids (hz-gb-2312) or reads without regard to the byte order mark (utf-16).
func lookup(label string) encoding.Encoding {
	e, name := htmlcharset.Lookup(label)
	if e != nil && name != "replacement" && !strings.HasPrefix(name, "utf-16") {
		return e
	}
	registered, err := ianaindex.MIME.Encoding(label)
	if err != nil {
		return nil
	}
	return registered
}

// looseText reads octets of an uncertain charset: UTF-8 where they are that, else windows-1252.
func looseText(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	s, _ := charmap.Windows1252.NewDecoder().Bytes(b)
	return string(s)
}
