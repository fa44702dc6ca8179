package rdap

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/net/idna"
)

// maxAnswer bounds an answer; those of registries with all contacts have up to 50 KB.
const maxAnswer = 512 << 10

// What an answer lacks.
var (
	errNoDate   = errors.New("names no date of registration")
	errNotThere = errors.New("knows no such domain")
)

// A date outside these was never a registration's: before the first domain, or after the answer came (a clock may be a
// day off).
const clockSkew = 24 * time.Hour

func firstDomain() time.Time { return time.Date(1985, 1, 1, 0, 0, 0, 0, time.UTC) }

// domainObject is what is read of a domain: RFC 9083, section 5.3.
type domainObject struct {
	Class       string `json:"objectClassName"`
	LDHName     string `json:"ldhName"`
	UnicodeName string `json:"unicodeName"`
	Events      []struct {
		Action string `json:"eventAction"` // RFC 9083, section 10.2.3
		Date   string `json:"eventDate"`   // RFC 3339
	} `json:"events"`
}

// readAnswer reads when a domain was registered, of a server's answer that comes now.
func readAnswer(body io.Reader, domain string, now time.Time) (time.Time, error) {
	data, err := io.ReadAll(io.LimitReader(body, maxAnswer+1))
	if err != nil {
		return time.Time{}, fmt.Errorf("read answer: %w", err)
	}
	if len(data) > maxAnswer {
		return time.Time{}, fmt.Errorf("answer has more than %d KiB", maxAnswer>>10)
	}
	return parseAnswer(data, domain, now)
}

// parseAnswer reads when a domain was registered, of an answer that came now.
func parseAnswer(data []byte, domain string, now time.Time) (time.Time, error) {
	var object domainObject
	if err := json.Unmarshal(data, &object); err != nil {
		return time.Time{}, fmt.Errorf("read answer: %w", err)
	}
	if object.Class != "domain" || !object.names(domain) {
		return time.Time{}, fmt.Errorf("answer is about %q %q", clip(object.Class), clip(object.LDHName))
	}
	var on time.Time
	for _, e := range object.Events {
		// One that lapsed and was registered again is as young as the last time: its old name is what it was bought
		// for.
		if action := strings.ToLower(e.Action); action != "registration" && action != "reregistration" {
			continue
		}
		date, err := time.Parse(time.RFC3339, e.Date)
		if err == nil && date.After(on) && date.After(firstDomain()) && date.Before(now.Add(clockSkew)) {
			on = date.UTC()
		}
	}
	if on.IsZero() {
		return on, errNoDate
	}
	return on, nil
}

// names reports whether the object is the domain, which is in A-labels.
func (o domainObject) names(domain string) bool {
	name := strings.ToLower(strings.TrimSuffix(o.LDHName, "."))
	if name == "" { // RFC 9083, section 5.3: either of them
		name, _ = idna.Lookup.ToASCII(strings.TrimSuffix(o.UnicodeName, "."))
	}
	return name == domain
}
