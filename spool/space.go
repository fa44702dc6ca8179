package spool

import "sync"

// Space is what the file system has left.
type Space struct {
	Bytes       int64 // free for us
	TotalBytes  int64
	Inodes      int64 // free; means nothing when TotalInodes is 0
	TotalInodes int64 // 0 where the file system makes them as needed
	Reserved    int64 // octets that are promised to bodies on their way, already taken off Bytes
}

// Free says what the disk has left, less what is reserved.
func (s *Spool) Free() (Space, error) {
	sp, err := s.fs.Free(s.dir)
	if err != nil {
		return Space{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sp.Reserved = s.reserved
	sp.Bytes -= s.reserved
	return sp, nil
}

// Reserve promises n octets to a body that is about to arrive. It answers ErrNoSpace when free space or inodes would
// go under their limits. The promise is in addition to what the body has meanwhile written, until it is released.
func (s *Spool) Reserve(n int64) (release func(), err error) {
	sp, err := s.fs.Free(s.dir)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if sp.Bytes-s.reserved-n < s.limit(sp) || sp.TotalInodes > 0 && sp.Inodes <= s.o.MinFreeInodes {
		return nil, ErrNoSpace
	}
	s.reserved += n
	return sync.OnceFunc(func() { s.unreserve(n) }), nil
}

func (s *Spool) unreserve(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reserved -= n
}

// limit is how many octets must stay free.
func (s *Spool) limit(sp Space) int64 {
	return max(s.o.MinFree, int64(float64(sp.TotalBytes)*s.o.MinFreePercent/100))
}
