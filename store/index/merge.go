package index

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"sort"
)

// merge joins segments of one day. Of a record that several have, what the last of them says is kept.
func merge(list []*segment) ([]byte, error) {
	if len(list) > 1<<12 {
		return nil, fmt.Errorf("merge %d segments: that is too many", len(list))
	}
	parts := make([]*part, len(list))
	for i, s := range list {
		p, err := openPart(s)
		if err != nil {
			return nil, err
		}
		parts[i] = p
	}
	docs, tenants := renumber(parts)
	w := newWriter(docs, tenants)
	for {
		least, any := uint64(0), false
		for _, p := range parts {
			if h, more := p.peek(); more && (!any || h < least) {
				least, any = h, true
			}
		}
		if !any {
			return w.bytes(), nil
		}
		var numbers []uint32
		for _, p := range parts {
			if h, more := p.peek(); !more || h != least {
				continue
			}
			own, err := p.next()
			if err != nil {
				return nil, err
			}
			numbers = append(numbers, own...)
		}
		if len(numbers) > 0 { // else only records had it of which another segment knows more
			slices.Sort(numbers)
			w.term(least, slices.Compact(numbers))
		}
	}
}

// part is one of the segments that are merged, read whole.
type part struct {
	*segment
	list     []doc
	terms    []byte
	postings []byte
	at       int     // of the next term
	number   []int64 // of each document in the new segment; -1: another segment knows more of it
}

func openPart(s *segment) (*part, error) {
	whole, err := s.read(0, s.size)
	if err != nil {
		return nil, err
	}
	if crc32.Checksum(whole[headerSize:], castagnoli) != binary.BigEndian.Uint32(whole[32:]) {
		return nil, fmt.Errorf("%w: checksum of %s", ErrDamaged, s.name)
	}
	p := &part{segment: s}
	cut := func(i int) []byte { return whole[s.at[i] : s.at[i]+s.length[i]] }
	p.terms, p.postings = cut(secTerms), cut(secPostings)
	p.list, err = s.doc(0, s.docs)
	return p, err
}

func (p *part) peek() (hash uint64, more bool) {
	if p.at*termSize >= len(p.terms) {
		return 0, false
	}
	return uint48(p.terms[p.at*termSize:]), true
}

// next reads the documents of the next term, with their new numbers.
func (p *part) next() (numbers []uint32, err error) {
	value := binary.BigEndian.Uint32(p.terms[p.at*termSize+6:])
	p.at++
	list := []uint32{value &^ inline}
	if value&inline == 0 {
		if int(value) >= len(p.postings) {
			return nil, fmt.Errorf("%w: postings of %s", ErrDamaged, p.name)
		}
		count, used := binary.Uvarint(p.postings[value:])
		if used <= 0 || count > uint64(p.docs) {
			return nil, fmt.Errorf("%w: postings of %s", ErrDamaged, p.name)
		}
		if list, _, err = decodeList(p.postings[int(value)+used:], int(count)); err != nil {
			return nil, fmt.Errorf("%w: postings of %s", err, p.name)
		}
	}
	if list, err = p.checked(list); err != nil {
		return nil, err
	}
	for _, n := range list {
		if new := p.number[n]; new >= 0 {
			numbers = append(numbers, uint32(new))
		}
	}
	return numbers, nil
}

// renumber makes one list of the documents of all parts, and tells each part the new numbers of its own.
func renumber(parts []*part) (docs []doc, tenants []string) {
	type place struct {
		part, n int
		doc
	}
	last := map[[16]byte]place{}
	for i, p := range parts {
		p.number = make([]int64, len(p.list))
		for n, d := range p.list {
			p.number[n] = -1
			name := p.tenants[d.tenant]
			at := slices.Index(tenants, name)
			if at < 0 {
				at, tenants = len(tenants), append(tenants, name)
			}
			d.tenant = uint16(at)
			last[d.id] = place{i, n, d}
		}
	}
	all := make([]place, 0, len(last))
	for _, p := range last {
		all = append(all, p)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].before(all[j].doc) })
	for i, p := range all {
		docs = append(docs, p.doc)
		parts[p.part].number[p.n] = int64(i)
	}
	return docs, tenants
}
