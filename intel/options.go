package intel

import (
	"clawback/config"
	"clawback/score"
)

// ScoreOptions are a scorer's options by a configuration, without its rules.
func ScoreOptions(cfg *config.Config) score.Options {
	c := cfg.Score
	return score.Options{
		TrustMicrosoft: c.TrustMicrosoftVerdict,
		Switches: score.Switches{NewDomain: c.NewDomain, Blank: c.Blank, ACHFreeMail: c.ACHFreeMail,
			HTMLAttachment:     c.HTMLAttachment,
			DomainAgeMalicious: c.DomainAgeMalicious, DomainAgeSuspicious: c.DomainAgeSuspicious},
	}
}
