package demo

import (
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/BurntSushi/toml"

	"clawback/internal/test/testbed"
	"clawback/testdata"
)

// script is all that is shown, and what is expected of it.
type script struct {
	Tenants []testbed.Tenant `toml:"tenant"`
	Users   []user           `toml:"user"`
	Stories []*story         `toml:"story"`

	files fs.FS
	free  bool // reports of one's own: any stated outcome will do
}

// user is an account of the first tenant.
type user struct {
	UPN      string   `toml:"upn"`
	Aliases  []string `toml:"aliases"`
	Kind     string   `toml:"kind"` // as in graphsim: user, on_prem, ...
	Throttle int      `toml:"throttle"`
	Tenant   string   `toml:"tenant"`
}

// story is one thing that happens.
type story struct {
	ID          string     `toml:"id"`
	Title       string     `toml:"title"`
	Reports     []string   `toml:"reports"`
	Disposition string     `toml:"disposition"` // "" when no record must be made
	Item        string     `toml:"item"`        // quarantined or bounced, where the report is not carried through
	Indicator   string     `toml:"indicator"`   // becomes known to be bad once the story's message was judged
	Mailboxes   []*mailbox `toml:"mailbox"`

	tenant    *testbed.Tenant
	messageID string
	items     []string // queue ids, from the 250s
	sent      [][]byte // reports as sent
	started   time.Time
	known     bool   // the indicator was added
	state     string // last line shown
	seen      observed
}

// mailbox is what is expected of one message in one mailbox.
type mailbox struct {
	Address string        `toml:"address"` // as in the report; "" for a bystander's message
	User    string        `toml:"user"`    // whose mailbox; "" for an outside address
	Message string        `toml:"message"` // file of the message; "": the original of the story's first report
	Seed    string        `toml:"seed"`    // folder it lies in before; "": inbox
	Late    time.Duration `toml:"late"`    // delivered so long after the report
	// It is the first report's message once more, delivered when the first was taken.
	Released bool   `toml:"released"`
	Outcome  string `toml:"outcome"` // outcome of the intent; "left" when there must be none
	Folder   string `toml:"folder"`  // where the message must be at the end

	key string // of the seeded message in the simulator
}

// load reads the embedded stories, or makes one of each report in a directory.
func load(dir string) (*script, error) {
	if dir != "" {
		return improvise(os.DirFS(dir))
	}
	files, err := fs.Sub(testdata.Demo, "demo")
	if err != nil {
		return nil, fmt.Errorf("open stories: %w", err)
	}
	s := &script{files: files}
	meta, err := toml.DecodeFS(files, "expected.toml", s)
	if err != nil {
		return nil, fmt.Errorf("read stories: %w", err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return nil, fmt.Errorf("read stories: unknown keys %v", unknown)
	}
	for _, st := range s.Stories {
		st.tenant = &s.Tenants[0]
	}
	return s, nil
}

func (s *script) reports() (n int) {
	for _, st := range s.Stories {
		n += len(st.Reports)
	}
	return n
}
