package score

import (
	"context"
	"fmt"

	"clawback/score/attach"
	"clawback/score/extract"
	"clawback/score/lists"
	"clawback/score/rules"
	"clawback/score/words"
	"clawback/verdict"
)

// Version is that of the built-in rules. It changes whenever a verdict may change.
const Version = "2026.11.12"

// Options make a Scorer.
type Options struct {
	Switches       Switches
	TrustMicrosoft bool           // take SCL, BCL and CAT as weighted evidence
	Lists          *lists.Lists   // nil: the built-in ones
	Limits         extract.Limits // zero: the defaults
	Listed         Listed         // what somebody lists as bad. nil: nothing
	Rules          *rules.Set     // the operator's own. nil: none
	Inspector      Inspector      // nil: attached files are looked into within this process
}

// Inspector looks into the attached files of a message. attach.Inline is one, *confined.Pool another.
type Inspector interface {
	// Inspect gives a report for each file, in their order, and takes what was used off the limits. A file that cannot
	// be looked into is no error: its report says so.
	Inspect(ctx context.Context, files []attach.File, limits *attach.Limits) []attach.Report
}

// Listed knows the values that somebody lists as bad. It makes no verdict: that is package indicator's, for mail that
// was delivered before as for what comes.
type Listed interface {
	// Listed reports whether a value is listed now. It is asked about those alone that would not be kept otherwise.
	Listed(i verdict.Indicator) bool
}

// Scorer judges messages. It may be used by several goroutines.
type Scorer struct {
	options   Options
	lists     *lists.Lists
	limits    extract.Limits
	lexicon   *words.Lexicon
	catalogue map[string]Signal
	brands    brandIndex
	roles     map[string]bool
	offices   map[string]bool // words that names of offices are made of (agree.go)
	version   string
	knowledge string
	compiled  compiled

	frozen bool    // it knows what rules 2026.11.7 knew (narrow.go)
	narrow *Scorer // the one that does; nil where this is it
}

// New makes a scorer.
func New(o Options) (*Scorer, error) {
	s := &Scorer{options: o, lists: o.Lists, limits: o.Limits}
	if s.lists == nil {
		s.lists = lists.Builtin()
	}
	if s.options.Inspector == nil {
		s.options.Inspector = attach.Inline{}
	}
	if s.limits.Octets == 0 {
		s.limits = extract.Default()
	}
	lexicon, err := words.Load(s.lists.Skeleton)
	if err != nil {
		return nil, fmt.Errorf("load word lists: %w", err)
	}
	s.lexicon = lexicon
	s.catalogue = byID(catalogue())
	s.brands = indexBrands(s.lists)
	s.roles = roleWords(lexicon.Folder)
	s.offices = officeNames(lexicon.Folder, s.roles)
	s.knowledge = lists.Version()
	s.version = Version
	if o.Rules != nil {
		s.version += "+" + o.Rules.Version()
	}
	s.narrow = s.freeze()
	return s, nil
}

// Version is that of the rules and of the knowledge that the scorer judges by, as its verdicts name them.
func (s *Scorer) Version() (rules, knowledge string) { return s.version, s.knowledge }

// Score judges one message. The same message, rules and knowledge give the same verdict. Where ctx ends with the cause
// ErrOverrun, the verdict is that of what was read until then; any other end of ctx is an error.
func (s *Scorer) Score(ctx context.Context, m Message) (Result, error) {
	mail, err := extract.Read(m.Original, m.Size, s.limits)
	if err != nil && overran(ctx) {
		return Unread("Reading it took longer than any honest message needs, and was stopped."), nil
	}
	if err != nil {
		return Result{}, err
	}
	x := s.inspect(m, mail)
	x.ctx = ctx
	if m.Cut {
		x.note(overrunSignal, "message", "Unwrapping its report took longer than any honest one needs: only its "+
			"beginning was looked at.")
	}
	for _, detect := range detectors() {
		if overran(ctx) {
			if !m.Cut {
				x.note(overrunSignal, "message", "Judging it took longer than any honest message needs, and was "+
					"stopped: a part of it was not looked at.")
			}
			break
		}
		if err := ctx.Err(); err != nil {
			return Result{}, fmt.Errorf("score message: %w", err)
		}
		detect(x)
		if x.failed != nil && !overran(ctx) { // a read that its time ended is an overrun as any other
			return Result{}, x.failed
		}
	}
	r := x.result()
	if x.failed != nil && !overran(ctx) {
		return Result{}, x.failed
	}
	return r, nil
}
