package smtpd

import "time"

// pace holds a body to a minimum rate. Only the time spent waiting for the peer counts: a slow disk of ours is not the
// client's fault. Postfix has the same idea in smtpd_per_request_deadline and smtpd_min_data_rate.
type pace struct {
	stall  time.Duration // longest wait for one read, and the credit at the start
	rate   int64         // bytes a second, 0 for none
	end    time.Time     // when the body must be over
	n      int64
	waited time.Duration
}

func (p *pace) add(n int, waited time.Duration) {
	p.n += int64(n)
	p.waited += waited
}

// credit is how much longer the peer may keep us waiting at the minimum rate.
func (p *pace) credit() time.Duration {
	if p.rate <= 0 {
		return p.stall
	}
	earned := time.Duration(float64(p.n) / float64(p.rate) * float64(time.Second))
	return p.stall + earned - p.waited
}

// left is how long the next read may take.
func (p *pace) left(now time.Time) (time.Duration, error) {
	credit := p.credit()
	if credit <= 0 {
		return 0, errSlow
	}
	age := p.end.Sub(now)
	if age <= 0 {
		return 0, errAge
	}
	return min(credit, p.stall, age), nil
}

// late says which bound a read that timed out has met.
func (p *pace) late() error {
	switch {
	case !time.Now().Before(p.end):
		return errAge
	case p.credit() <= 0:
		return errSlow
	default:
		return errStalled
	}
}
