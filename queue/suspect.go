package queue

import (
	"fmt"
	"time"
)

// Items that were being scored when the process ended are suspects: one of them may have ended it. Suspects are handed
// out one at a time, beside all other work. Where the process ends again, with one of them being scored and nothing
// else, that counts against it. So a kill from outside makes suspects, of which each is tried once, within
// milliseconds; and an item that ends the process is found out.

// MaxCrashes is how often the process may end while a suspect alone is scored, before nobody scores it any more.
const MaxCrashes = 3

// crashDelays are the waits after such an end: kills from outside that follow each other do not hit the same suspect.
var crashDelays = [...]time.Duration{10 * time.Second, time.Minute}

// Crashed makes of an item in work what the end of the process makes of it. scored says whether it was being scored,
// and alone whether nothing else was.
func (it *Item) Crashed(scored, alone bool, now time.Time) {
	it.State = Ready
	if !scored {
		it.Requeue()
		return
	}
	if it.Crashes > 0 && alone {
		it.CrashesAlone++
	}
	it.Crashes++
	it.State = Suspect
	it.Reason = fmt.Sprintf("the process ended while it was scored, %d times, of which %d times nothing else was",
		it.Crashes, it.CrashesAlone)
	if n := it.CrashesAlone; n > 0 {
		it.NotBefore = now.Add(crashDelays[min(n, len(crashDelays))-1])
	}
}

// Requeue makes an item ready, or a suspect if it is one.
func (it *Item) Requeue() {
	it.State, it.NotBefore = Ready, time.Time{}
	if it.Crashes > 0 {
		it.State = Suspect
	}
}
