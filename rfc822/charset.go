package rfc822

import (
	"bufio"
	"bytes"
	"io"
	"strings"
	"sync"
	"unicode/utf8"

	message "github.com/emersion/go-message/charset"
	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
	"golang.org/x/text/transform"

	"clawback/internal/mailaddr"
)

// DecodeText gives the text of bytes in a charset as UTF-8. A byte order mark says more than the label. Where the label
// is missing, unknown or wrong, the bytes are UTF-8 as far as they are that, and windows-1252 else.
func DecodeText(b []byte, label string) (string, Forgiven) {
	c := charsetOf(label, b)
	b = b[c.mark:]
	if c.loose() {
		if utf8.Valid(b) {
			return string(b), c.forgiven
		}
		return looseString(string(b)), c.forgiven | WrongCharset
	}
	out, err := io.ReadAll(c.reader(bytes.NewReader(b)))
	if err != nil && len(out) == 0 {
		return looseString(string(b)), c.forgiven | WrongCharset
	}
	if err != nil { // a character is cut at the end
		c.forgiven |= WrongCharset
	}
	if bytes.Contains(out, []byte("\ufffd")) && !bytes.Contains(b, []byte("\ufffd")) {
		c.forgiven |= WrongCharset
		if c.ascii && isMultiByte(b) {
			return string(b), c.forgiven
		}
	}
	return string(out), c.forgiven
}

// isMultiByte reports whether bytes are UTF-8 with characters that are not ASCII: no other charset looks like that by
// chance.
func isMultiByte(b []byte) bool {
	return utf8.Valid(b) && bytes.ContainsFunc(b, func(c rune) bool { return c >= utf8.RuneSelf })
}

// DecodeHTML gives the text of an HTML page as a browser does: by its byte order mark, else by the label that it was
// sent with, else by what its head says of itself. HTML Standard, section 13.2.3.2.
func DecodeHTML(b []byte, label string) (string, Forgiven) {
	if saysLittle(label) && !isASCII(b) {
		if declared := declaredCharset(b); declared != "" && (declared != "windows-1252" || !utf8.Valid(b)) {
			label = declared
		}
	}
	return DecodeText(b, label)
}

// saysLittle reports whether a label leaves open which charset it is: programs write us-ascii where they do not know.
func saysLittle(label string) bool {
	switch label = cleanLabel(label); label {
	case "utf-8", "utf8", "utf_8", "unicode-1-1-utf-8", "utf-8n", "x-utf_8j":
		return false
	}
	return isUTF8Label(label) || !isUTF16Label(label) && labelled(label).forgiven != 0
}

// TextReader gives the text of a stream in a charset as UTF-8, as DecodeText does. What is not in the charset is
// windows-1252 where that is UTF-8 or ASCII, and a replacement character elsewhere.
type TextReader struct {
	in       *remembering
	octets   *bufio.Reader // of in
	r        io.Reader     // of the text
	loose    *looseReader  // r, where the charset is uncertain
	forgiven Forgiven
	last     [2]byte
}

// textReaders spare most texts, which are short, a buffer of their own.
var textReaders = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 4096) }}

// NewTextReader begins to read, since the first bytes may say which charset it is. Whoever calls Close when done spares
// the next one a buffer.
func NewTextReader(r io.Reader, label string) *TextReader {
	t := &TextReader{in: &remembering{r: r}, octets: textReaders.Get().(*bufio.Reader)}
	t.octets.Reset(t.in)
	head, _ := t.octets.Peek(512)
	c := charsetOf(label, head)
	_, _ = t.octets.Discard(c.mark) // these bytes were peeked at
	t.forgiven = c.forgiven
	if c.loose() {
		t.loose = &looseReader{in: t.octets}
		t.r = t.loose
		return t
	}
	t.r = c.reader(t.octets)
	return t
}

// Close ends the text.
func (t *TextReader) Close() {
	if t.octets == nil {
		return
	}
	t.forgiven = t.Forgiven()
	t.octets.Reset(nil)
	textReaders.Put(t.octets)
	t.octets, t.loose, t.r = nil, nil, strings.NewReader("")
}

// Forgiven is what was read past up to now.
func (t *TextReader) Forgiven() Forgiven {
	if t.loose != nil && t.loose.misfit {
		return t.forgiven | WrongCharset
	}
	return t.forgiven
}

// Read implements io.Reader.
func (t *TextReader) Read(b []byte) (int, error) {
	n, err := t.r.Read(b)
	if t.loose == nil && n > 0 {
		t.lookForReplacement(b[:n])
	}
	if err != nil && err != io.EOF && t.in.err == nil { // the decoder's: a character is cut at the end
		t.forgiven |= WrongCharset
		err = io.EOF
	}
	return n, err
}

// remembering keeps its reader's error, so that it is not taken for a decoder's.
type remembering struct {
	r   io.Reader
	err error
}

// Read implements io.Reader.
func (r *remembering) Read(b []byte) (int, error) {
	n, err := r.r.Read(b)
	if err != nil && err != io.EOF {
		r.err = err
	}
	return n, err
}

// lookForReplacement finds replacement characters, which may lie across two reads.
func (t *TextReader) lookForReplacement(b []byte) {
	const mark = "\ufffd"
	edge := string(t.last[:]) + string(b[:min(len(b), 2)])
	if bytes.Contains(b, []byte(mark)) || strings.Contains(edge, mark) {
		t.forgiven |= WrongCharset
	}
	if len(b) >= 2 {
		edge = string(b)
	}
	copy(t.last[:], edge[len(edge)-2:])
}

// chosen is how bytes are decoded.
type chosen struct {
	encoding encoding.Encoding // nil with neither of the next: UTF-8 and windows-1252
	utf7     bool
	other    string // a label that go-message knows
	mark     int    // bytes of the byte order mark
	ascii    bool   // ASCII is part of the charset, byte by byte
	forgiven Forgiven
}

func (c *chosen) loose() bool { return c.encoding == nil && !c.utf7 && c.other == "" }

func (c *chosen) reader(r io.Reader) io.Reader {
	switch {
	case c.utf7:
		return transform.NewReader(r, &utf7Decoder{})
	case c.encoding != nil:
		return c.encoding.NewDecoder().Reader(r)
	}
	out, err := message.Reader(c.other, r)
	if err != nil { // it was asked before
		return r
	}
	return out
}

// charsetOf chooses by the label and by the first bytes.
func charsetOf(label string, head []byte) chosen {
	label = cleanLabel(label)
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		return chosen{mark: 3, forgiven: wrongUnless(isUTF8Label(label))}
	case strings.HasPrefix(label, "utf-32") || strings.HasPrefix(label, "utf32"):
		return chosen{encoding: utf32Of(label)}
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		return chosen{encoding: utf16In(unicode.LittleEndian), mark: 2, forgiven: wrongUnless(isUTF16Label(label))}
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		return chosen{encoding: utf16In(unicode.BigEndian), mark: 2, forgiven: wrongUnless(isUTF16Label(label))}
	case isUTF16Label(label):
		return utf16Of(label, head)
	case isUTF8Label(label):
		if order, ok := looksUTF16(head); ok {
			return chosen{encoding: utf16In(order), forgiven: wrongUnless(label == "")}
		}
		return chosen{}
	case label == "utf-7" || label == "unicode-1-1-utf-7" || label == "x-unicode-2-0-utf-7" || label == "csutf7":
		return chosen{utf7: true}
	}
	return labelled(label)
}

// labelled asks the WHATWG's list, which takes labels as they are meant (iso-8859-1 is windows-1252), and go-message
// for what that list forbids (hz-gb-2312) or does not know.
func labelled(label string) chosen {
	if e, ok := shifted[label]; ok {
		return chosen{encoding: e}
	}
	e, name := charset.Lookup(label)
	switch {
	case name == "replacement" && strings.Contains(label, "2022"):
		return chosen{forgiven: UnknownCharset} // browsers show nothing of it, mail programs at least its ASCII
	case e != nil && name == "utf-8":
		return chosen{}
	case e != nil && name != "replacement":
		return chosen{encoding: e, ascii: name != "iso-2022-jp"}
	case isEBCDIC(label):
		return chosen{encoding: charmap.CodePage037, forgiven: WrongCharset}
	}
	if _, err := message.Reader(label, strings.NewReader("")); err == nil {
		return chosen{other: label}
	}
	return chosen{forgiven: UnknownCharset}
}

// isEBCDIC knows the labels of IBM's code pages that Outlook reads and no package does. Their letters, digits and most
// signs are where code page 37 has them.
func isEBCDIC(label string) bool {
	for _, prefix := range []string{"ibm-", "ibm", "cp"} {
		if page, ok := strings.CutPrefix(label, prefix); ok {
			switch strings.TrimLeft(page, "0") {
			case "273", "277", "278", "280", "284", "285", "297", "500", "871", "924", "1047", "1140", "1141", "1142",
				"1143", "1144", "1145", "1146", "1147", "1148", "1149":
				return true
			}
		}
	}
	return false
}

// cleanLabel takes off what programs write around a label.
func cleanLabel(label string) string {
	label = strings.Trim(mailaddr.Lower(label), " \t\r\n\"'")
	if i := strings.IndexAny(label, " \t;,("); i >= 0 {
		label = label[:i]
	}
	return label
}

// isUTF8Label knows the labels that say nothing more than UTF-8 does, which ASCII is part of.
func isUTF8Label(label string) bool {
	switch cleanLabel(label) {
	case "", "us-ascii", "ascii", "ansi_x3.4-1968", "iso646-us", "646", "utf-8", "utf8", "unicode-1-1-utf-8", "utf-8n",
		"utf_8", "x-utf_8j", "x-unknown", "unknown-8bit", "unknown", "default", "none", "7bit", "8bit", "binary":
		return true
	}
	return false
}

func isUTF16Label(label string) bool {
	switch label {
	case "utf-16", "utf16", "utf-16le", "utf-16be", "utf16le", "utf16be", "unicode", "ucs-2", "iso-10646-ucs-2",
		"csunicode", "unicodefffe", "unicodefeff":
		return true
	}
	return false
}

func wrongUnless(right bool) Forgiven {
	if right {
		return 0
	}
	return WrongCharset
}

func utf16In(order unicode.Endianness) encoding.Encoding {
	return unicode.UTF16(order, unicode.IgnoreBOM)
}

// utf16Of decides on text without a byte order mark. RFC 2781, section 4.3: it is big-endian; what has every second
// byte zero shows its order by itself, and what has no zero byte at all is no UTF-16.
func utf16Of(label string, head []byte) chosen {
	order, ok := looksUTF16(head)
	switch {
	case ok:
		return chosen{encoding: utf16In(order)}
	case bytes.IndexByte(head, 0) < 0 && utf8.Valid(trimPartial(head)) && len(head) > 1:
		return chosen{forgiven: WrongCharset}
	case strings.HasSuffix(label, "le"), label == "unicode", label == "unicodefeff":
		return chosen{encoding: utf16In(unicode.LittleEndian)}
	}
	return chosen{encoding: utf16In(unicode.BigEndian)}
}

// looksUTF16 knows UTF-16 by the zero bytes of its ASCII characters: of the first bytes more than half of those at even
// places, or at odd ones, and none at the others.
func looksUTF16(head []byte) (unicode.Endianness, bool) {
	head = head[:min(len(head), 512)]
	if len(head) < 8 {
		return unicode.BigEndian, false
	}
	var zeros [2]int
	for i, c := range head {
		if c == 0 {
			zeros[i%2]++
		}
	}
	switch most := len(head) / 4; {
	case zeros[0] > most && zeros[1] == 0:
		return unicode.BigEndian, true
	case zeros[1] > most && zeros[0] == 0:
		return unicode.LittleEndian, true
	}
	return unicode.BigEndian, false
}

func utf32Of(label string) encoding.Encoding {
	if strings.HasSuffix(label, "le") {
		return utf32.UTF32(utf32.LittleEndian, utf32.UseBOM)
	}
	return utf32.UTF32(utf32.BigEndian, utf32.UseBOM)
}

// trimPartial takes a character off that is cut at the end.
func trimPartial(b []byte) []byte {
	for i := 1; i <= 3 && i <= len(b); i++ {
		if c := b[len(b)-i]; utf8.RuneStart(c) {
			if c >= utf8.RuneSelf && !utf8.FullRune(b[len(b)-i:]) {
				return b[:len(b)-i]
			}
			break
		}
	}
	return b
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf || c == 0x1b || c == '+' { // ISO-2022 and UTF-7 are ASCII by their bytes
			return false
		}
	}
	return true
}

// declaredCharset is what a page's head names, "" when it names none.
func declaredCharset(page []byte) string {
	head := bytes.ToLower(page[:min(len(page), 1024)])
	if !bytes.Contains(head, []byte("charset")) {
		return ""
	}
	if !bytes.Contains(head, []byte("<meta")) {
		return ""
	}
	if bytes.Contains(head, []byte("charset=utf-7")) {
		return "utf-7" // browsers refuse it; older programs that show mail do not
	}
	_, name, _ := charset.DetermineEncoding(head, "")
	return name
}

// looseString reads bytes of an uncertain charset: UTF-8 where they are that, else windows-1252.
func looseString(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var out strings.Builder
	out.Grow(len(s) + len(s)/8)
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && size == 1 {
			r = charmap.Windows1252.DecodeByte(s[0])
		}
		out.WriteRune(r)
		s = s[size:]
	}
	return out.String()
}

// looseReader is looseString for a stream.
type looseReader struct {
	in     *bufio.Reader
	err    error  // of in: what lies in its buffer is the end
	misfit bool   // something was not UTF-8
	left   []byte // of a character that the last read had no room for
	buf    [utf8.UTFMax]byte
}

// Read implements io.Reader.
func (l *looseReader) Read(b []byte) (n int, err error) {
	if len(b) == 0 {
		return 0, nil
	}
	if len(l.left) == 0 {
		n = l.decode(b, l.ahead())
	}
	if n == 0 && len(l.left) > 0 {
		n = copy(b, l.left)
		l.left = l.left[n:]
	}
	if n == 0 {
		return 0, l.err
	}
	return n, nil
}

// ahead is what lies in the buffer: a whole character at least, unless the stream ends before it does.
func (l *looseReader) ahead() []byte {
	for need := 1; l.err == nil; need = l.in.Buffered() + 1 {
		_, l.err = l.in.Peek(need)
		if src, _ := l.in.Peek(l.in.Buffered()); utf8.FullRune(src) {
			return src
		}
	}
	src, _ := l.in.Peek(l.in.Buffered())
	return src
}

// decode fills b from what lies in the buffer, up to a character that is not whole. One that b has no room for is left.
func (l *looseReader) decode(b, src []byte) (n int) {
	at := 0
	for at < len(src) && n < len(b) {
		if c := src[at]; c < utf8.RuneSelf {
			b[n] = c
			n, at = n+1, at+1
			continue
		}
		r, size := utf8.DecodeRune(src[at:])
		if r == utf8.RuneError && size == 1 {
			if l.err != io.EOF && !utf8.FullRune(src[at:]) {
				break
			}
			r, l.misfit = charmap.Windows1252.DecodeByte(src[at]), true
		}
		at += size
		if utf8.RuneLen(r) > len(b)-n {
			l.left = utf8.AppendRune(l.buf[:0], r)
			break
		}
		n += utf8.EncodeRune(b[n:], r)
	}
	_, _ = l.in.Discard(at) // these bytes were peeked at
	return n
}
