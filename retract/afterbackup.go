package retract

import "time"

// sinceBackup says why a message is not moved without a person's word, or "". It is asked where the message was found,
// and would be moved: what was taken after the backup is seen to be where it should be.
func (s *step) sinceBackup() string {
	restored := s.e.o.Restored
	switch {
	case s.in.Approved != "", !s.rec.Received.Before(restored):
		return ""
	case s.in.By != "" && !s.in.Created.Before(restored): // who asked for it knows
		return ""
	}
	return "the state was restored from a backup at " + restored.UTC().Format(time.RFC3339) +
		", and the message may have been put back before: a person must approve"
}
