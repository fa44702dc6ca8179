package demo

import (
	"fmt"
	"io/fs"
	"time"

	"clawback/internal/test/graphsim"
	"clawback/internal/test/testbed"
)

// stage is everything that runs.
type stage struct {
	*testbed.Bed
	o      Options
	script *script
	start  time.Time
}

// oneSender takes off the brake's share for one campaign: the mail of many stories is sent by one domain, which looks
// like one campaign.
const oneSender = "\n[tenant.brake]\ncampaign_percent = \"off\"\n"

// soonCopies has copies looked for within seconds.
const soonCopies = "[retract]\nlook_for_copies = [\"4s\", \"8s\", \"2h\"]\n"

// withConsole opens the console on this machine alone.
const withConsole = "[console]\nlisten = \"127.0.0.1:0\"\nplain_http = true\n"

// newStage starts the simulator, with its people, and the receiver.
func newStage(o Options, script *script) (*stage, error) {
	for i := range script.Tenants {
		script.Tenants[i].Tables += oneSender
	}
	settings := soonCopies
	if o.Keep {
		settings += withConsole
	}
	bed, err := testbed.New(testbed.Options{
		Binary: o.Binary, Daemon: o.Daemon, Tenants: script.Tenants, Config: settings,
		Sim: graphsim.Options{Seed: 1, Rates: graphsim.Calm(), Latency: 20 * time.Millisecond},
	})
	if err != nil {
		return nil, err
	}
	for _, u := range script.Users {
		if u.Tenant == "" {
			u.Tenant = script.Tenants[0].ID
		}
		bed.Sim.AddUser(graphsim.User{Tenant: u.Tenant, UPN: u.UPN, Aliases: u.Aliases, Kind: graphsim.Kind(u.Kind)})
		if u.Throttle > 0 {
			bed.Sim.Inject(graphsim.Injection{Mailbox: u.UPN, Times: u.Throttle, Fault: graphsim.Fault{
				Name: "throttled", Status: 429, Code: "ApplicationThrottled",
				Message: "Application is over its MailboxConcurrency limit.", RetryAfter: "1.5"}})
		}
	}
	return &stage{Bed: bed, o: o, script: script}, nil
}

// read gives a file of the script.
func (s *stage) read(name string) ([]byte, error) {
	data, err := fs.ReadFile(s.script.files, name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return data, nil
}
