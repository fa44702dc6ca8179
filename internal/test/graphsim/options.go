package graphsim

import (
	"net/http"
	"time"
)

// Options says how a Sim behaves. The zero value is nasty, on a free port of the loopback interface.
type Options struct {
	Seed      uint64        // of all faults and ids
	Rates     *Rates        // how often a fault comes by itself; nil: Nasty()
	Address   string        // to listen on; "": 127.0.0.1:0
	CAFile    string        // where the authority's certificate is written (PEM); "": nowhere
	Latency   time.Duration // of every answer
	TokenLife time.Duration // as the login endpoint announces it; 0: one hour
	Control   bool          // answer below ControlPath
	NoPurge   bool          // a national cloud: permanentDelete does not exist
	Limits    Limits
	Now       func() time.Time           // nil: time.Now
	Check     func(*http.Request) error  // judges each Graph request, such as openapi.Document.Check; nil: nothing
	Consent   func(Consent) ConsentReply // what the administrator does at the consent page; nil: accepts

	// Slack is how long after an answer with a Retry-After other calls of its scope may arrive, for they may have been
	// on their way; 0: two seconds; negative: not at all, for fake time.
	Slack time.Duration
	// Bare says that the client has no engine above it, which has a Retry-After bind all that it must, and looks before
	// it changes a message again: what the client does without either is no violation then.
	Bare bool
}

// Limits are those of the service.
type Limits struct {
	MailboxConcurrency int // requests at once for one mailbox; 0: 4
	MailboxRequests    int // in ten minutes for one mailbox; 0: 10,000
	// Requests at once for all mailboxes of a tenant, as one version of the limits has it; 0: any.
	TenantConcurrency int
}

// Rates are the probabilities, for each call, of the faults that come by themselves.
type Rates struct {
	Throttled   float64 // 429, with a fractional, dated or missing Retry-After
	Busy        float64 // 503
	ServerError float64 // 500
	HTML        float64 // 502 in HTML
	EmptyError  float64 // 500 or 503 with an error object that lacks its message, its code, or itself
	AfterActing float64 // of these 5xx where they hit a change: that come after it was carried out
	Lost        float64 // applied, then the connection is cut
	LostGateway float64 // applied, then 504 in HTML
	Cut         float64 // the connection is cut before anything was done
	Revoked     float64 // 401: the token is not accepted any more; half of them with a claims challenge
	NoHeaders   float64 // a message in a list comes without its internetMessageHeaders
	NoID        float64 // an id answers 404 although its message is there, as lists show
	Stuck       float64 // of all messages: their moves fail with 500, again and again
	Login       float64 // the login service throttles, with and without a Retry-After, or is away
}

// Nasty are the rates of a bad day: about one call in six fails.
func Nasty() *Rates {
	return &Rates{
		Throttled: 0.05, Busy: 0.02, ServerError: 0.02, HTML: 0.01, EmptyError: 0.02, AfterActing: 0.5,
		Lost: 0.02, LostGateway: 0.01, Cut: 0.01, Revoked: 0.01, NoHeaders: 0.05, NoID: 0.01, Stuck: 0.02, Login: 0.15,
	}
}

// Calm are rates of zero: only injected faults and the service's own limits remain.
func Calm() *Rates { return &Rates{} }

func (o Options) withDefaults() Options {
	if o.Rates == nil {
		o.Rates = Nasty()
	}
	if o.Address == "" {
		o.Address = "127.0.0.1:0"
	}
	if o.TokenLife == 0 {
		o.TokenLife = time.Hour
	}
	if o.Limits.MailboxConcurrency == 0 {
		o.Limits.MailboxConcurrency = 4
	}
	if o.Limits.MailboxRequests == 0 {
		o.Limits.MailboxRequests = 10_000
	}
	switch {
	case o.Slack == 0:
		o.Slack = 2 * time.Second
	case o.Slack < 0:
		o.Slack = 0
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}
