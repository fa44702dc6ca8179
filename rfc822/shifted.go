package rfc822

import (
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/transform"
)

// shifted are charsets of 7 bits in which SO begins two-byte characters and SI ends them: ISO-2022-KR (RFC 1557) and,
// of ISO-2022-CN, GB 2312 (RFC 1922). Browsers refuse them, and no package has them; with the eighth bit their
// characters are those of EUC-KR and EUC-CN.
var shifted = map[string]shiftedEncoding{
	"iso-2022-kr": {korean.EUCKR}, "csiso2022kr": {korean.EUCKR}, "iso2022kr": {korean.EUCKR},
	"iso-2022-cn": {simplifiedchinese.GBK}, "csiso2022cn": {simplifiedchinese.GBK},
	"iso-2022-cn-ext": {simplifiedchinese.GBK}, "iso2022cn": {simplifiedchinese.GBK},
}

// shiftedEncoding decodes what is the wide encoding with the eighth bit.
type shiftedEncoding struct{ wide encoding.Encoding }

// NewDecoder implements encoding.Encoding.
func (s shiftedEncoding) NewDecoder() *encoding.Decoder {
	return &encoding.Decoder{Transformer: transform.Chain(&shifter{}, s.wide.NewDecoder())}
}

// NewEncoder implements encoding.Encoding. Nothing is written in these charsets.
func (s shiftedEncoding) NewEncoder() *encoding.Encoder { return encoding.Nop.NewEncoder() }

// shifter sets the eighth bit of the characters between SO and SI, and drops what announces them. A line begins in
// ASCII.
type shifter struct{ out bool }

// Reset implements transform.Transformer.
func (s *shifter) Reset() { s.out = false }

// Transform implements transform.Transformer.
func (s *shifter) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	const escape, shiftOut, shiftIn, designator = 0x1b, 0x0e, 0x0f, 4
	for nSrc < len(src) {
		rest := src[nSrc:]
		switch c := rest[0]; {
		case c == escape && len(rest) < designator && !atEOF:
			return nDst, nSrc, transform.ErrShortSrc
		case c == escape && len(rest) >= designator && rest[1] == '$' && (rest[2] == ')' || rest[2] == '*'):
			nSrc += designator
		case c == shiftOut, c == shiftIn:
			s.out = c == shiftOut
			nSrc++
		case nDst == len(dst):
			return nDst, nSrc, transform.ErrShortDst
		default:
			switch {
			case c == '\n' || c == '\r':
				s.out = false
			case s.out && c > ' ' && c < 0x7f:
				c |= 0x80
			}
			dst[nDst] = c
			nDst++
			nSrc++
		}
	}
	return nDst, nSrc, nil
}
