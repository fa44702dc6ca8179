package spool

import "time"

// Space is what the file system has left.
type Space struct {
	Bytes       int64 // free for us
	TotalBytes  int64
	Inodes      int64 // free; means nothing when TotalInodes is 0
	TotalInodes int64 // 0 where the file system makes them as needed
	Reserved    int64 // bytes that are promised to bodies on their way, already taken off Bytes
}

// Free says what the disk has left, less what is reserved.
func (s *Spool) Free() (Space, error) {
	sp, err := s.fs.Free(s.dir)
	if err != nil {
		return Space{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sp.Reserved = s.reserved[Regular] + s.reserved[Limited]
	sp.Bytes -= sp.Reserved
	return sp, nil
}

// Class says how much of the space the bodies of one kind of sender may have reserved.
type Class int

// The classes of space.
const (
	Regular Class = iota // all of it, down to the limits
	Limited              // all Limited bodies together an eighth, so that strangers leave room for the rest
	classes
)

// limitedShare is the part of the space above the limits that Limited bodies may have reserved.
const limitedShare = 8

// Reserve promises n bytes to a body that is arriving. It answers ErrNoSpace when free space or inodes would go under
// their limits, or the class over its share. What was written is free space no longer, and need not be promised too.
func (s *Spool) Reserve(n int64, c Class) error {
	sp, err := s.freeSpace()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	left := sp.Bytes - s.reserved[Regular] - s.reserved[Limited] - s.limit(sp)
	switch {
	case left < n, sp.TotalInodes > 0 && sp.Inodes <= s.o.MinFreeInodes:
		return ErrNoSpace
	case c == Limited && s.reserved[Limited]+n > (left+s.reserved[Limited])/limitedShare:
		return ErrNoSpace
	}
	s.reserved[c] += n
	return nil
}

// Unreserve takes back the promise of n bytes.
func (s *Spool) Unreserve(n int64, c Class) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reserved[c] -= n
}

// freeSpace asks the file system, but not for each small message while there is far more than can be used up until it
// asks again.
func (s *Spool) freeSpace() (Space, error) {
	const (
		plenty       = 1 << 30
		plentyInodes = 1 << 16
	)
	if last := s.looked.Load(); last != nil && time.Since(last.at) < 10*time.Millisecond {
		return last.space, nil
	}
	sp, err := s.fs.Free(s.dir)
	if err == nil && sp.Bytes-s.limit(sp) > plenty &&
		(sp.TotalInodes == 0 || sp.Inodes-s.o.MinFreeInodes > plentyInodes) {
		s.looked.Store(&looked{sp, time.Now()})
	}
	return sp, err
}

// looked is what the file system had left at a time.
type looked struct {
	space Space
	at    time.Time
}

// limit is how many bytes must stay free.
func (s *Spool) limit(sp Space) int64 {
	return max(s.o.MinFree, int64(float64(sp.TotalBytes)*s.o.MinFreePercent/100))
}
