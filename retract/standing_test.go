package retract_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"clawback/config"
	"clawback/retract"
	"clawback/retract/exchange"
	"clawback/retract/intent"
	"clawback/retract/job"
	"clawback/retract/retracttest"
	"clawback/store"
	"clawback/verdict"
)

const aDay = 24 * time.Hour

// alertsOf are the alerts of a kind.
func (r *rig) alertsOf(kind string) (list []retract.Alert) {
	r.alerting.Lock()
	defer r.alerting.Unlock()
	for _, a := range r.alerts {
		if a.Kind == kind {
			list = append(list, a)
		}
	}
	return list
}

// again delivers the message anew, as a release from quarantine does: it came at another time.
func (r *rig) again() *retracttest.Message {
	m := hit()
	m.Received = time.Now()
	return r.world.Deliver("A", m)
}

// A copy is taken whenever it appears while the record is kept: the next day, and after two months.
func TestStanding_copiesAreTakenWheneverTheyAppear(t *testing.T) {
	for _, wait := range []time.Duration{aDay, 9 * aDay, 60 * aDay} {
		copiesRig(t, verdict.Malicious, func(r *rig, rec store.Record, first *retracttest.Message) {
			r.run(wait)
			second := r.again()
			r.run(20 * aDay)
			r.lies(second, exchange.Deletions)
			r.lies(first, exchange.Deletions)
			r.want(rec, anna, store.Done, "taken to")
		})
	}
}

// So it is after a restart, from what is durable.
func TestStanding_survivesARestart(t *testing.T) {
	copiesRig(t, verdict.Malicious, func(r *rig, rec store.Record, _ *retracttest.Message) {
		r.run(9 * aDay)
		r.reopen()
		second := r.again()
		r.run(8 * aDay)
		r.lies(second, exchange.Deletions)
	})
}

// What its user brings back is never taken, whatever the time, and a person is told; a copy beside it is.
func TestStanding_aPersonsRestoreIsNeverUndone(t *testing.T) {
	for _, wait := range []time.Duration{time.Minute, aDay, 40 * aDay} {
		copiesRig(t, verdict.Malicious, func(r *rig, rec store.Record, first *retracttest.Message) {
			r.run(wait)
			r.world.Put(first, string(exchange.Inbox))
			r.run(20 * aDay)
			second := r.again()
			r.run(20 * aDay)
			r.lies(first, exchange.Inbox)
			r.lies(second, exchange.Deletions)
			r.want(rec, anna, store.Done, "")
			alerts := r.alertsOf("brought_back")
			if len(alerts) == 0 || !strings.Contains(alerts[0].Text, rec.ID) {
				t.Errorf("alerts are %v", alerts)
			}
		})
	}
}

// A worse verdict opens the intent again for an action that goes further, and leaves what was brought back.
func TestStanding_aWorseVerdictDoesNotUndoARestore(t *testing.T) {
	copiesRig(t, verdict.Spam, func(r *rig, rec store.Record, first *retracttest.Message) {
		r.lies(first, exchange.JunkEmail)
		r.world.Put(first, string(exchange.Inbox))
		r.rejudge(rec.ID, verdict.Malicious)
		r.run(20 * aDay)
		r.lies(first, exchange.Inbox)
		if len(r.alertsOf("brought_back")) == 0 {
			t.Error("nobody was told")
		}
	})
	copiesRig(t, verdict.Spam, func(r *rig, rec store.Record, first *retracttest.Message) { // its neighbour
		r.rejudge(rec.ID, verdict.Malicious)
		r.run(aDay)
		r.lies(first, exchange.Deletions)
	})
}

// A person who asks for it again has it taken, although its user had brought it back; what comes back after that stays.
func TestStanding_aPersonMayAskAgain(t *testing.T) {
	copiesRig(t, verdict.Malicious, func(r *rig, rec store.Record, first *retracttest.Message) {
		r.world.Put(first, string(exchange.Inbox))
		r.run(aDay)
		r.lies(first, exchange.Inbox)
		if _, err := r.e.Restore(context.Background(), "ada", rec.ID, ""); err != nil {
			t.Fatal(err)
		}
		r.run(time.Hour)
		if _, err := r.e.Retract(context.Background(), "ada", rec.ID, config.SoftDelete, ""); err != nil {
			t.Fatal(err)
		}
		r.run(time.Hour)
		r.lies(first, exchange.Deletions)
		r.world.Put(first, string(exchange.Inbox))
		r.run(20 * aDay)
		r.lies(first, exchange.Inbox)
	})
}

// A copy that came at the same time as one that has vanished from where it was taken to may be that one: it is held,
// until a person says so. One that came at another time, or while the first lies where it was taken to, is a copy.
func TestStanding_whatCannotBeToldApartIsHeld(t *testing.T) {
	at := time.Date(2000, 1, 1, 0, 0, 5, 0, time.UTC)
	for name, c := range map[string]struct {
		vanished, sameTime bool
		held               bool
	}{
		"vanished, the same time":   {true, true, true},
		"vanished, another time":    {true, false, false},
		"still there, another time": {false, false, false},
		"still there, the same":     {false, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				m := hit()
				m.Received = at
				first := r.world.Deliver("A", m)
				rec := r.report(bad(anna))
				r.run(aDay)
				r.lies(first, exchange.Deletions)
				if c.vanished {
					r.world.Put(first, "")
				}
				if !c.sameTime {
					m.Received = at.Add(aDay)
				}
				m.ID = ""
				second := r.world.Deliver("A", m)
				r.run(5 * aDay)
				if !c.held {
					r.lies(second, exchange.Deletions)
					r.want(rec, anna, store.Done, "")
					return
				}
				r.lies(second, exchange.Inbox)
				in := r.want(rec, anna, store.Held, "may be the message that was taken before")
				if in.Hold != intent.HoldCopy {
					t.Errorf("held for %q", in.Hold)
				}
				r.run(40 * aDay)
				r.lies(second, exchange.Inbox)
				if err := r.e.Approve(context.Background(), "ada", []string{in.ID}, ""); err != nil {
					t.Fatal(err)
				}
				r.run(time.Minute)
				r.lies(second, exchange.Deletions)
				r.want(rec, anna, store.Done, "")
			})
		})
	}
}

// What first appears when all looks for it are over is held: a person may have released it.
func TestStanding_firstSeenTooLateIsHeld(t *testing.T) {
	bubble(t, func(r *rig) {
		rec := r.report(bad(anna))
		r.run(33 * aDay)
		r.want(rec, anna, store.NotFound, "")
		m := r.again()
		r.run(31 * aDay)
		r.lies(m, exchange.Inbox)
		in := r.want(rec, anna, store.Held, "first appeared")
		if in.Hold != intent.HoldLate {
			t.Errorf("held for %q", in.Hold)
		}
		if err := r.e.Approve(context.Background(), "ada", []string{in.ID}, ""); err != nil {
			t.Fatal(err)
		}
		r.run(time.Minute)
		r.lies(m, exchange.Deletions)
	})
}

// Each retraction that does not stand: copies that appear late are left.
func TestStanding_notOf(t *testing.T) {
	for name, c := range map[string]struct {
		disposition verdict.Disposition
		then        func(r *rig, rec store.Record)
	}{
		"what is not MALICIOUS": {verdict.Spoof, func(*rig, store.Record) {}},
		"what is called clean": {verdict.Malicious, func(r *rig, rec store.Record) {
			if _, err := r.e.Clean(context.Background(), "ada", rec.ID, ""); err != nil {
				r.t.Fatal(err)
			}
		}},
		"what is not MALICIOUS any more": {verdict.Malicious, func(r *rig, rec store.Record) {
			r.rejudge(rec.ID, verdict.Spam)
		}},
		"what is restored": {verdict.Malicious, func(r *rig, rec store.Record) {
			if _, err := r.e.Restore(context.Background(), "ada", rec.ID, ""); err != nil {
				r.t.Fatal(err)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			copiesRig(t, c.disposition, func(r *rig, rec store.Record, _ *retracttest.Message) {
				r.run(5 * time.Hour)
				c.then(r, rec)
				r.run(aDay)
				second := r.again()
				r.run(60 * aDay)
				r.lies(second, exchange.Inbox)
			})
		})
	}
}

// A person's retraction stands, one by a bulk job too, and the job ends all the same.
func TestStanding_ofAPersonsRetractions(t *testing.T) {
	for _, bulk := range []bool{false, true} {
		bubble(t, func(r *rig) {
			first := r.world.Deliver("A", hit())
			m := bad(anna)
			m.disposition = verdict.Clean
			rec := r.report(m)
			if bulk {
				id := r.job(job.Spec{Who: "ada", Action: config.SoftDelete, Records: []string{rec.ID}})
				r.run(time.Hour)
				if j, _ := r.progress(id); j.State != store.JobCompleted {
					t.Errorf("the job is %s", j.State)
				}
			} else if _, err := r.e.Retract(context.Background(), "ada", rec.ID, config.SoftDelete, ""); err != nil {
				t.Fatal(err)
			}
			r.run(3 * aDay)
			second := r.again()
			r.run(8 * aDay)
			r.lies(first, exchange.Deletions)
			r.lies(second, exchange.Deletions)
		})
	}
}

// Copies that all appear at once, as a backup puts them back, are held by the brake, of a person's retraction too.
func TestStanding_underTheBrake(t *testing.T) {
	bubble(t, func(r *rig) {
		r.cfg.Brake = config.Brake{MailboxesPerHour: config.Off, MailboxesPerMail: 1, SharePercent: config.Off,
			CampaignPercent: config.Off, ShareFrom: 20}
		m := bad(anna, bert)
		m.disposition = verdict.Clean
		for _, box := range []string{"A", "B"} {
			r.world.Deliver(box, hit())
		}
		rec := r.report(m)
		if _, err := r.e.Retract(context.Background(), "ada", rec.ID, config.SoftDelete, ""); err != nil {
			t.Fatal(err)
		}
		r.run(2 * aDay)
		var back []*retracttest.Message
		for _, box := range []string{"A", "B"} {
			one := hit()
			one.Received = time.Now()
			back = append(back, r.world.Deliver(box, one))
		}
		r.run(5 * aDay)
		taken, held := 0, 0
		for _, one := range back {
			if r.world.Peek(one).Folder == string(exchange.Deletions) {
				taken++
			}
		}
		for _, who := range []string{anna, bert} {
			if in := r.intent(rec, who, store.Retract); in.Outcome == store.Held && in.Hold == intent.HoldBrake {
				held++
			}
		}
		if taken != 1 || held != 1 {
			t.Errorf("%d taken, %d held", taken, held)
		}
	})
}
