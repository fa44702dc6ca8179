package feed

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"clawback/internal/lastgood"
	"clawback/internal/mailaddr"
)

// mispFeed reads the folder of a MISP feed: manifest.json, and one file for each event. Events are kept, so that
// those alone are fetched that changed; one whose newer state could not be fetched yet is read as it was.
type mispFeed struct {
	source source
	dir    string // of the kept events
	limits limits
	have   map[string]int64 // of when the kept state of each event is
}

// mispEvent is an event as the manifest has it.
type mispEvent struct {
	uuid      string
	Info      string          `json:"info"`
	Timestamp json.RawMessage `json:"timestamp"` // a text of seconds; some write a number
	SHA256    string          `json:"integrity:sha256"`
	stamp     int64
}

// maxManifest is how many events a manifest may name; the largest public feed has 2,000.
const maxManifest = 50_000

// uuidForm is what an event's name may be: files are named by it.
var uuidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// read reads the events that the manifest names. more says that some are still to be fetched.
func (m *mispFeed) read(ctx context.Context, manifest io.Reader, to sink) (more bool, err error) {
	events, err := readManifest(manifest)
	if err != nil {
		return false, err
	}
	if err := m.open(); err != nil {
		return false, err
	}
	fetched := 0
	for _, e := range events {
		if m.have[e.uuid] != e.stamp {
			if fetched == m.limits.events {
				more = true
			} else if err := m.fetch(ctx, e); err != nil {
				return false, err
			} else {
				fetched++
			}
		}
		if m.have[e.uuid] == 0 {
			continue
		}
		if err := m.readKept(e, to); err != nil {
			return false, err
		}
	}
	return more, m.forget(events)
}

// open looks which events are kept.
func (m *mispFeed) open() error {
	if err := os.MkdirAll(m.dir, 0o700); err != nil {
		return refuse(Storage, "cannot be kept: %w", err)
	}
	files, err := os.ReadDir(m.dir)
	if err != nil {
		return refuse(Storage, "cannot be read back: %w", err)
	}
	m.have = map[string]int64{}
	for _, f := range files {
		uuid, rest, _ := strings.Cut(f.Name(), ".")
		stamp, _ := strconv.ParseInt(strings.TrimSuffix(rest, ".json"), 10, 64)
		m.have[uuid] = max(m.have[uuid], stamp)
	}
	return nil
}

// readManifest lists the events, the newest first.
func readManifest(r io.Reader) ([]mispEvent, error) {
	var events []mispEvent
	_, err := walk(r, func(at []string, decode func(any) error) error {
		e := mispEvent{uuid: mailaddr.Lower(at[0])}
		if err := decode(&e); err != nil {
			return err
		}
		if !uuidForm.MatchString(e.uuid) {
			return refuse(Format, "has a manifest that names %q, which is no event", cut(e.uuid, 60))
		}
		e.stamp, _ = strconv.ParseInt(strings.Trim(string(e.Timestamp), `"`), 10, 64)
		if e.stamp <= 0 {
			return refuse(Format, "has a manifest without a timestamp for event %s", e.uuid)
		}
		if events = append(events, e); len(events) > maxManifest {
			return refuse(TooLarge, "has a manifest of more than %d events", maxManifest)
		}
		return nil
	}, "*")
	if err == nil && len(events) == 0 {
		return nil, refuse(Empty, "has a manifest that names no event")
	}
	slices.SortFunc(events, func(a, b mispEvent) int {
		return cmp.Or(cmp.Compare(b.stamp, a.stamp), cmp.Compare(a.uuid, b.uuid))
	})
	return events, err
}

func (m *mispFeed) path(uuid string, stamp int64) string {
	return filepath.Join(m.dir, fmt.Sprintf("%s.%d.json", uuid, stamp))
}

// fetch fetches one event, and keeps it in place of an older state.
func (m *mispFeed) fetch(ctx context.Context, e mispEvent) error {
	a, err := m.source.get(ctx, e.uuid+".json", validators{})
	if err != nil {
		return ofEvent(e, err)
	}
	defer a.body.Close()
	one := m.limits
	one.wire, one.unpacked = m.limits.event, m.limits.event
	body, err := unpack(a.body, one, m.dir)
	if err != nil {
		return ofEvent(e, err)
	}
	defer body.Close()
	err = lastgood.Write(m.path(e.uuid, e.stamp), func(w io.Writer) error {
		sum := sha256.New()
		if _, err := io.Copy(io.MultiWriter(w, sum), body); err != nil {
			return err
		}
		if got := hex.EncodeToString(sum.Sum(nil)); e.SHA256 != "" && !mailaddr.Equal(got, e.SHA256) {
			return refuse(Format, "has another content than the manifest says")
		}
		return nil
	})
	var refusal *Refusal
	if err != nil && !errors.As(err, &refusal) {
		err = refuse(Storage, "cannot be kept: %w", err)
	}
	if err == nil {
		m.have[e.uuid] = e.stamp
	}
	return ofEvent(e, err)
}

// ofEvent says which event a refusal is about.
func ofEvent(e mispEvent, err error) error {
	var refusal *Refusal
	if !errors.As(err, &refusal) {
		return err
	}
	about := *refusal
	about.Text = "event " + e.uuid + " " + about.Text
	return &about
}

// forget removes the events, and the states of events, that are not read any more.
func (m *mispFeed) forget(events []mispEvent) error {
	keep := map[string]bool{}
	for _, e := range events {
		keep[filepath.Base(m.path(e.uuid, m.have[e.uuid]))] = true
	}
	files, err := os.ReadDir(m.dir)
	if err != nil {
		return refuse(Storage, "cannot be kept: %w", err)
	}
	for _, file := range files {
		if keep[file.Name()] {
			continue
		}
		if err := os.Remove(filepath.Join(m.dir, file.Name())); err != nil {
			return refuse(Storage, "cannot be kept: %w", err)
		}
	}
	return nil
}

// readKept reads a kept event. One that cannot be read is removed, so that it is fetched again.
func (m *mispFeed) readKept(e mispEvent, to sink) error {
	f, err := os.Open(m.path(e.uuid, m.have[e.uuid]))
	if err != nil {
		return refuse(Storage, "cannot be read back: %w", err)
	}
	defer f.Close()
	if err := readEvent(f, m.limits.event, e.Info, to); err != nil {
		os.Remove(f.Name())
		return ofEvent(e, err)
	}
	return nil
}

// mispAttribute is what is read of an attribute of the MISP core format.
type mispAttribute struct {
	Type    string          `json:"type"`
	Value   string          `json:"value"`
	ToIDs   json.RawMessage `json:"to_ids"`
	Deleted json.RawMessage `json:"deleted"`
}

// readEvent reads the attributes of an event that are meant for detection. An attached file may make one as long as
// an event.
func readEvent(r io.Reader, most int64, info string, to sink) error {
	_, err := walkPaced(&paced{r: r, most: most}, func(_ []string, decode func(any) error) error {
		var a mispAttribute
		if err := decode(&a); err != nil {
			return err
		}
		if !isTrue(a.ToIDs) || isTrue(a.Deleted) {
			to.pass(SkipFilter)
			return nil
		}
		for _, v := range a.values() {
			if err := to.entry(entry{kind: v.kind, value: v.value, detail: info, confidence: -1}); err != nil {
				return err
			}
		}
		return nil
	}, "Event.Attribute[]", "Event.Object[].Attribute[]",
		"response[].Event.Attribute[]", "response[].Event.Object[].Attribute[]") // as MISP's API answers
	return err
}

// isTrue reads the ways in which true is written.
func isTrue(raw json.RawMessage) bool {
	text := strings.Trim(string(raw), `"`)
	return text == "true" || text == "1"
}

// values are what an attribute says of messages. Types with a bar have two values, with a bar between them.
func (a mispAttribute) values() []patternValue {
	first, second, _ := strings.Cut(a.Value, "|")
	switch a.Type {
	case "url", "uri":
		return []patternValue{{kindURL, a.Value}}
	case "domain", "hostname":
		return []patternValue{{kindDomain, a.Value}}
	case "hostname|port", "domain|port":
		return []patternValue{{kindDomain, first}}
	case "domain|ip":
		return []patternValue{{kindDomain, first}, {kindIP, second}}
	case "ip-src", "ip-dst":
		return []patternValue{{kindIP, a.Value}}
	case "ip-src|port", "ip-dst|port":
		return []patternValue{{kindIP, first}}
	case "sha256":
		return []patternValue{{kindSHA256, a.Value}}
	case "filename|sha256":
		return []patternValue{{kindSHA256, a.Value[strings.LastIndexByte(a.Value, '|')+1:]}}
	case "email-src", "email", "email-reply-to":
		return []patternValue{{kindEmail, a.Value}}
	}
	return []patternValue{{"other:" + a.Type, a.Value}} // email-dst among them: it is who was written to
}
