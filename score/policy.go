package score

import "clawback/verdict"

// override is what a tenant's policy makes of a verdict.
type override struct{}

func (o *override) apply(*verdict.Verdict) {}
