package submission

import (
	"context"
	"fmt"
	"strings"
	"time"

	"clawback/intel"
	"clawback/internal/mailaddr"
	"clawback/score/web"
	"clawback/store"
)

// mayNotTeach says why a trusted reporter's submission does not teach, or "" when it may.
func (d *Desk) mayNotTeach(ctx context.Context, list []Submission, s Submission) (string, error) {
	if s.Record == "" {
		return "its record is not known", nil
	}
	l, given, err := d.o.Judge.Lesson(ctx, s.Tenant, s.Record)
	if err != nil {
		return "", err
	}
	if given && !l.Reporter {
		return "an administrator has said what it is", nil
	}
	return d.overQuota(list, s), nil
}

// overQuota says which bound of what reporters teach a submission would pass, or that others contradict it; "" for
// none.
func (d *Desk) overQuota(list []Submission, s Submission) string {
	today, campaign := 0, 0
	for _, o := range list {
		if o.Record == s.Record && o.proven() && o.bad() != s.bad() {
			return "others say the contrary"
		}
		if d.now().Sub(o.TaughtAt) >= 24*time.Hour {
			continue
		}
		if o.Reporter == s.Reporter {
			today++
		}
		if sameCampaign(o, s) {
			campaign++
		}
	}
	switch {
	case today >= maxTaught:
		return fmt.Sprintf("its reporter has taught %d messages in 24 hours", today)
	case campaign >= maxCampaign:
		return fmt.Sprintf("reporters have taught %d messages like it in 24 hours", campaign)
	}
	return ""
}

// sameCampaign reports whether two messages claim to be of one organisation, or have one subject: who sends them
// chooses both, and with them what the classifier would learn of hundreds of reports.
func sameCampaign(a, b Submission) bool {
	author := func(s Submission) string {
		_, domain, _ := strings.Cut(strings.Trim(s.From, "<> "), "@")
		return web.Organisation(mailaddr.Name(domain))
	}
	return author(a) != "" && author(a) == author(b) ||
		a.Subject != "" && mailaddr.Lower(a.Subject) == mailaddr.Lower(b.Subject)
}

// teach keeps a submission together with what the classifier learns of it.
func (d *Desk) teach(ctx context.Context, s Submission, edit Edit) (Taken, error) {
	s.State, s.TaughtAt = Taught, d.now()
	edit.Put = append(edit.Put, store.Submission(s))
	l := intel.Lesson{Tenant: s.Tenant, Record: s.Record, Is: s.Claim.Disposition(), By: "reporter " + s.Reporter,
		Comment: "submission " + s.ID, Reporter: true}
	if _, err := d.o.Judge.Teach(ctx, l, edit); err != nil {
		return Taken{}, fmt.Errorf("teach submission: %w", err)
	}
	return Taken{s, true}, nil
}

// contradicted are the submissions that have taught the contrary of what a believed reporter says.
func contradicted(list []Submission, s Submission) (against []Submission) {
	for _, o := range list {
		if s.proven() && o.State == Taught && o.Record == s.Record && o.bad() != s.bad() {
			against = append(against, o)
		}
	}
	return against
}

// unteach keeps a submission, and takes back what others have taught: an administrator must say who is right.
func (d *Desk) unteach(ctx context.Context, s Submission, against []Submission, edit Edit) (Taken, error) {
	for i := range against {
		against[i].State, against[i].NotLearned = Open, "others say the contrary"
	}
	for _, one := range append(against, s) {
		edit.Put = append(edit.Put, store.Submission(one))
	}
	act := store.Act{Who: "clawback", Tenant: s.Tenant, Object: s.Record,
		Comment: "submission " + s.ID + " says the contrary"}
	if _, err := d.o.Judge.Withdraw(ctx, act, edit); err != nil {
		return Taken{}, fmt.Errorf("take back what was taught: %w", err)
	}
	return Taken{s, true}, nil
}
