package rfc822

import "math/bits"

// Forgiven is a set of faults that were read past.
type Forgiven uint32

// The faults. A code (see Codes) is the same for ever: it may be stored.
const (
	BrokenLine         Forgiven = 1 << iota // a line among the fields is none, and fields follow it
	NoEmptyLine                             // no empty line ends the header
	LooseParameter                          // a parameter without semicolon, not indented, or in a wrong place
	SingleQuotes                            // a parameter's value in single quotes
	SectionOrder                            // the sections of a parameter are out of order, or one is missing
	FieldTwice                              // a field that may stand once stands again with another value
	LooseEncoding                           // the transfer encoding is written otherwise than RFC 2045 has it
	EncodedMultipart                        // a multipart is transfer-encoded as a whole
	UnclosedMultipart                       // the closing delimiter is missing
	ReopenedMultipart                       // parts follow the closing delimiter
	LooseBoundary                           // a delimiter fits the boundary only loosely
	BadBase64                               // bytes that are no base64, or half a quantum
	PaddedRuns                              // base64 goes on after padding
	BadQuotedPrintable                      // an equals sign that escapes nothing
	BadUUEncode                             // lines that are not uuencoded, or no begin or end
	UnknownCharset                          // no decoder for the charset that is named
	WrongCharset                            // the text is not in the charset that is named
	BareLineFeed                            // a bare LF among lines that end in CRLF
	RawByte                                 // a raw byte that quoted-printable must escape
)

var forgivenCodes = [...]string{
	"broken_line", "no_empty_line", "loose_parameter", "single_quotes", "section_order", "field_twice",
	"loose_encoding", "encoded_multipart", "unclosed_multipart", "reopened_multipart", "loose_boundary", "bad_base64",
	"padded_runs", "bad_quoted_printable", "bad_uuencode", "unknown_charset", "wrong_charset", "bare_line_feed",
	"raw_byte",
}

// Codes gives a stable name for each fault.
func (f Forgiven) Codes() []string { return codesOf(uint32(f), forgivenCodes[:]) }

// Bounds is a set of bounds that were reached: what lies behind them was not read.
type Bounds uint32

// The bounds.
const (
	HeaderOctets Bounds = 1 << iota // bytes of one header
	HeaderFields                    // fields of one header
	FieldOctets                     // bytes of one field, or of all fields of one name
	FieldsOfName                    // fields of one name
	HeaderRoom                      // bytes of the headers of one multipart's parts
	Parameters                      // parameters of one field
	EncodedWords                    // bytes of one decoded field
	AddressCount                    // addresses of one field
	PartCount                       // parts of one multipart
)

var boundCodes = [...]string{
	"header_octets", "header_fields", "field_octets", "fields_of_name", "header_room", "parameters", "encoded_words",
	"addresses", "parts",
}

// Codes gives a stable name for each bound.
func (b Bounds) Codes() []string { return codesOf(uint32(b), boundCodes[:]) }

func codesOf(set uint32, names []string) []string {
	var codes []string
	for ; set != 0; set &= set - 1 {
		codes = append(codes, names[bits.TrailingZeros32(set)])
	}
	return codes
}
