package index

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"sort"

	"clawback/query"
	"clawback/store"
)

// A segment's bytes, all numbers big-endian:
//
//	header   magic, lengths of the sections, their CRC-32C; 64 bytes
//	docs     24 bytes each, the newest first: received (6, milliseconds), tenant (2), record (16)
//	tenants  the tenants' GUIDs, NUL behind each
//
// terms    10 bytes each, in order: hash (6, its upper bits), value (4): a document's number with the top bit set, or
//
//	         where in postings the documents' numbers begin
//	postings how many, then the differences of the documents' numbers, as varints
//	sparse   the hash (6) of every 128th term
//	filter   blocks of 64 bytes
const (
	magic      = "CLWBIX01"
	headerSize = 64
	docSize    = 24
	termSize   = 10
	hashBits   = query.TermBits
	sparseStep = 128
	inline     = 1 << 31
)

// ErrDamaged means that a segment's bytes are not as they were written.
var ErrDamaged = errors.New("index is damaged")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// doc is a record as a segment has it.
type doc struct {
	at     uint64 // received, in milliseconds, as store.Millis
	tenant uint16 // number in the segment's list
	id     [16]byte
}

// before orders documents as records are listed: the newest first, then by id.
func (d doc) before(e doc) bool {
	if d.at != e.at {
		return d.at > e.at
	}
	return d.id != e.id && store.IDOf(d.id) < store.IDOf(e.id)
}

// posting is a term of a document that is being put into a segment.
type posting struct {
	term uint64 // upper bits alone
	doc  uint32
}

// short is a term's hash as segments have it.
func short(term uint64) uint64 { return term >> (64 - hashBits) }

// segment is a set of documents that is never changed.
type segment struct {
	name    string      // of its file; "" where it lies in memory alone
	data    io.ReaderAt // the whole
	size    int64
	docs    int
	terms   int
	tenants []string
	sparse  []uint64
	at      [6]int64 // where the sections begin, as offsets in data
	length  [6]int64
	newest  uint64 // received, of its first document
	oldest  uint64
}

// The sections, in their order.
const (
	secDocs = iota
	secTenants
	secTerms
	secPostings
	secSparse
	secFilter
)

// builder collects documents for a segment. A document that comes twice is kept as it was last.
type builder struct {
	docs  map[[16]byte]store.Document
	terms int
}

func (b *builder) add(d store.Document) {
	raw, ok := store.RawID(d.ID)
	if !ok {
		return // no record has such an id
	}
	if b.docs == nil {
		b.docs = map[[16]byte]store.Document{}
	}
	b.terms += len(d.Terms) - len(b.docs[raw].Terms)
	b.docs[raw] = d
}

func (b *builder) len() int { return len(b.docs) }

// encode makes a segment's bytes.
func (b *builder) encode() []byte {
	type entry struct {
		doc
		terms []uint64
	}
	numbers := map[string]uint16{}
	var tenants []string
	entries := make([]entry, 0, len(b.docs))
	for raw, d := range b.docs {
		n, have := numbers[d.Tenant]
		if !have {
			n = uint16(len(tenants))
			numbers[d.Tenant], tenants = n, append(tenants, d.Tenant)
		}
		entries = append(entries, entry{doc{store.Millis(d.Received), n, raw}, d.Terms})
	}
	sort.Slice(entries, func(i, j int) bool { return entries[i].before(entries[j].doc) })
	postings := make([]posting, 0, b.terms)
	docs := make([]doc, len(entries))
	for i, e := range entries {
		docs[i] = e.doc
		for _, t := range e.terms {
			postings = append(postings, posting{short(t), uint32(i)})
		}
	}
	postings = byTerm(postings)
	w := newWriter(docs, tenants)
	for i := 0; i < len(postings); {
		j := i
		var list []uint32
		for ; j < len(postings) && postings[j].term == postings[i].term; j++ {
			if n := postings[j].doc; len(list) == 0 || list[len(list)-1] != n {
				list = append(list, n)
			}
		}
		w.term(postings[i].term, list)
		i = j
	}
	return w.bytes()
}

// maxSpread is how many postings are sorted with as much room beside them, 4 MiB: those of what is written at once
// while a backlog is worked through.
const maxSpread = 256 << 10

// byTerm sorts postings that come in the order of their documents by term, and those of one term by document.
func byTerm(list []posting) []posting {
	if len(list) > maxSpread {
		slices.SortFunc(list, func(x, y posting) int {
			return cmp.Or(compare(x.term, y.term), cmp.Compare(x.doc, y.doc))
		})
		return list
	}
	// A byte after the other, the lowest first: each posting goes behind those whose byte is less.
	spread := make([]posting, len(list))
	for shift := 0; shift < hashBits; shift += 8 {
		var at [256]int
		for _, p := range list {
			at[byte(p.term>>shift)]++
		}
		next := 0
		for b, n := range at {
			at[b], next = next, next+n
		}
		for _, p := range list {
			b := byte(p.term >> shift)
			spread[at[b]] = p
			at[b]++
		}
		list, spread = spread, list
	}
	return list
}

func compare(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// writer makes the bytes of a segment, its terms in order.
type writer struct {
	sections [6][]byte
	terms    int
	hashes   []uint64
}

func newWriter(docs []doc, tenants []string) *writer {
	w := &writer{}
	for _, d := range docs {
		at := binary.BigEndian.AppendUint64(nil, d.at)
		w.sections[secDocs] = append(w.sections[secDocs], at[2:]...)
		w.sections[secDocs] = binary.BigEndian.AppendUint16(w.sections[secDocs], d.tenant)
		w.sections[secDocs] = append(w.sections[secDocs], d.id[:]...)
	}
	for _, t := range tenants {
		w.sections[secTenants] = append(append(w.sections[secTenants], t...), 0)
	}
	return w
}

// term adds a term with the numbers of its documents, in order.
func (w *writer) term(hash uint64, docs []uint32) {
	raw := binary.BigEndian.AppendUint64(nil, hash)
	if w.terms%sparseStep == 0 {
		w.sections[secSparse] = append(w.sections[secSparse], raw[2:]...)
	}
	w.terms++
	w.hashes = append(w.hashes, hash)
	w.sections[secTerms] = append(w.sections[secTerms], raw[2:]...)
	if len(docs) == 1 {
		w.sections[secTerms] = binary.BigEndian.AppendUint32(w.sections[secTerms], inline|docs[0])
		return
	}
	w.sections[secTerms] = binary.BigEndian.AppendUint32(w.sections[secTerms], uint32(len(w.sections[secPostings])))
	list := binary.AppendUvarint(w.sections[secPostings], uint64(len(docs)))
	last := uint32(0)
	for _, n := range docs {
		list = binary.AppendUvarint(list, uint64(n-last))
		last = n
	}
	w.sections[secPostings] = list
}

// bytes are the whole segment.
func (w *writer) bytes() []byte {
	w.sections[secFilter] = newFilter(w.hashes)
	header := make([]byte, 0, headerSize)
	header = append(header, magic...)
	for _, s := range w.sections {
		header = binary.BigEndian.AppendUint32(header, uint32(len(s)))
	}
	body := crc32.New(castagnoli)
	for _, s := range w.sections {
		_, _ = body.Write(s)
	}
	header = binary.BigEndian.AppendUint32(header, body.Sum32())
	resident := crc32.Update(0, castagnoli, w.sections[secTenants])
	header = binary.BigEndian.AppendUint32(header, crc32.Update(resident, castagnoli, w.sections[secSparse]))
	header = append(header, make([]byte, headerSize-4-len(header))...)
	header = binary.BigEndian.AppendUint32(header, crc32.Checksum(header, castagnoli))
	return append(header, bytes.Join(w.sections[:], nil)...)
}

// open reads what of a segment stays in memory.
func open(name string, data io.ReaderAt, size int64) (*segment, error) {
	s := &segment{name: name, data: data, size: size}
	header, err := s.read(0, headerSize)
	if err != nil {
		return nil, err
	}
	if string(header[:8]) != magic || crc32.Checksum(header[:headerSize-4],
		castagnoli) != binary.BigEndian.Uint32(header[headerSize-4:]) {
		return nil, fmt.Errorf("%w: header of %s", ErrDamaged, name)
	}
	at := int64(headerSize)
	for i := range s.length {
		s.at[i], s.length[i] = at, int64(binary.BigEndian.Uint32(header[8+4*i:]))
		at += s.length[i]
	}
	s.docs, s.terms = int(s.length[secDocs]/docSize), int(s.length[secTerms]/termSize)
	if at != size || s.docs == 0 {
		return nil, fmt.Errorf("%w: %s has %d bytes, its header says %d", ErrDamaged, name, size, at)
	}
	return s, s.resident(binary.BigEndian.Uint32(header[36:]))
}

// resident reads tenants, sparse terms and the window.
func (s *segment) resident(sum uint32) error {
	tenants, err := s.section(secTenants)
	if err != nil {
		return err
	}
	sparse, err := s.section(secSparse)
	if err != nil {
		return err
	}
	if crc32.Update(crc32.Checksum(tenants, castagnoli), castagnoli, sparse) != sum {
		return fmt.Errorf("%w: list of terms of %s", ErrDamaged, s.name)
	}
	for rest := tenants; len(rest) > 0; {
		i := bytes.IndexByte(rest, 0)
		s.tenants = append(s.tenants, string(rest[:i]))
		rest = rest[i+1:]
	}
	for i := 0; i+6 <= len(sparse); i += 6 {
		s.sparse = append(s.sparse, uint48(sparse[i:]))
	}
	first, err := s.doc(0, 1)
	if err != nil {
		return err
	}
	last, err := s.doc(s.docs-1, 1)
	if err != nil {
		return err
	}
	s.newest, s.oldest = first[0].at, last[0].at
	return nil
}

func uint48(b []byte) uint64 {
	return uint64(b[0])<<40 | uint64(b[1])<<32 | uint64(binary.BigEndian.Uint32(b[2:]))
}

func (s *segment) read(at int64, n int64) ([]byte, error) {
	b := make([]byte, n)
	return b, s.readInto(b, at)
}

func (s *segment) readInto(b []byte, at int64) error {
	if got, err := s.data.ReadAt(b, at); got < len(b) {
		return fmt.Errorf("%w: read %s: %w", ErrDamaged, s.name, err)
	}
	return nil
}

func (s *segment) section(i int) ([]byte, error) { return s.read(s.at[i], s.length[i]) }

// doc reads n documents from a number on.
func (s *segment) doc(from, n int) ([]doc, error) {
	raw, err := s.read(s.at[secDocs]+int64(from*docSize), int64(n*docSize))
	if err != nil {
		return nil, err
	}
	list := make([]doc, n)
	for i := range list {
		d := raw[i*docSize:]
		list[i] = doc{uint48(d), binary.BigEndian.Uint16(d[6:]), [16]byte(d[8:24])}
		if int(list[i].tenant) >= len(s.tenants) {
			return nil, fmt.Errorf("%w: tenant %d of %d of %s", ErrDamaged, list[i].tenant, len(s.tenants), s.name)
		}
	}
	return list, nil
}

// tenant is the number of a tenant; -1 where the segment has none of its messages.
func (s *segment) tenant(id string) int { return slices.Index(s.tenants, id) }

// find lists the numbers of the documents that have a term.
func (s *segment) find(term uint64) ([]uint32, error) {
	hash := short(term)
	block := sort.Search(len(s.sparse), func(i int) bool { return s.sparse[i] > hash }) - 1
	if block < 0 {
		return nil, nil
	}
	from := block * sparseStep
	n := min(sparseStep, s.terms-from)
	raw, err := s.read(s.at[secTerms]+int64(from*termSize), int64(n*termSize))
	if err != nil {
		return nil, err
	}
	value, found := lookUp(raw, hash)
	if !found {
		return nil, nil
	}
	return s.postings(value)
}

// lookUp finds a term in a block of terms.
func lookUp(block []byte, hash uint64) (value uint32, found bool) {
	n := len(block) / termSize
	i := sort.Search(n, func(i int) bool { return uint48(block[i*termSize:]) >= hash })
	if i == n || uint48(block[i*termSize:]) != hash {
		return 0, false
	}
	return binary.BigEndian.Uint32(block[i*termSize+6:]), true
}

// firstRead is how much of postings is read at once: most lists are short.
const firstRead = 512

// postings reads a term's documents.
func (s *segment) postings(value uint32) ([]uint32, error) {
	if value&inline != 0 {
		return s.checked([]uint32{value &^ inline})
	}
	at := int64(value)
	if at >= s.length[secPostings] {
		return nil, fmt.Errorf("%w: postings of %s", ErrDamaged, s.name)
	}
	raw, err := s.read(s.at[secPostings]+at, min(firstRead, s.length[secPostings]-at))
	if err != nil {
		return nil, err
	}
	count, used := binary.Uvarint(raw)
	if used <= 0 || count > uint64(s.docs) {
		return nil, fmt.Errorf("%w: postings of %s", ErrDamaged, s.name)
	}
	if need := min(int64(used)+int64(count)*5, s.length[secPostings]-at); need > int64(len(raw)) {
		if raw, err = s.read(s.at[secPostings]+at, need); err != nil {
			return nil, err
		}
	}
	list, _, err := decodeList(raw[used:], int(count))
	if err != nil {
		return nil, fmt.Errorf("%w: postings of %s", err, s.name)
	}
	return s.checked(list)
}

func decodeList(raw []byte, count int) (list []uint32, rest []byte, err error) {
	list = make([]uint32, count)
	last := uint64(0)
	for i := range list {
		d, used := binary.Uvarint(raw)
		if used <= 0 {
			return nil, nil, ErrDamaged
		}
		last += d
		list[i], raw = uint32(last), raw[used:]
	}
	return list, raw, nil
}

// checked refuses numbers of documents that are not there.
func (s *segment) checked(list []uint32) ([]uint32, error) {
	if n := len(list); n > 0 && int(list[n-1]) >= s.docs {
		return nil, fmt.Errorf("%w: document %d of %d of %s", ErrDamaged, list[n-1], s.docs, s.name)
	}
	return list, nil
}
