package retract

import "time"

// Exchange Online allows 10,000 requests in 10 minutes for one app and mailbox. With these two numbers no span of
// 10 minutes ever holds more: 1,000 at once and 15 a second make 10,000.
const (
	bucketSize = 1000
	bucketRate = 15.0 // a second
)

// bucket is a token bucket. The zero value is full. It is guarded by its lane.
type bucket struct {
	used float64
	at   time.Time
}

// take uses one token, or says how long to wait for one. Above share of the bucket's size nothing is given, so that
// bulk jobs leave room for fresh verdicts.
func (b *bucket) take(now time.Time, share float64) time.Duration {
	b.fill(now)
	if over := b.used + 1 - bucketSize*share; over > 0 {
		return time.Millisecond + time.Duration(over/bucketRate*float64(time.Second))
	}
	b.used++
	return 0
}

func (b *bucket) fill(now time.Time) {
	if elapsed := now.Sub(b.at); elapsed > 0 {
		b.used = max(0, b.used-elapsed.Seconds()*bucketRate)
	}
	b.at = now
}
