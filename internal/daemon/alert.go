package daemon

import "time"

// maxAlerts bounds what is remembered of alerts: their subjects come from outside.
const maxAlerts = 1000

// alert logs something that a person must see. What reads it in the log is the operator's choice.
func (d *daemon) alert(event, text string, attrs ...any) {
	d.log.Error(text, append([]any{"event", "alert." + event}, attrs...)...)
}

// alertOnce raises an alert about a subject at most once an hour.
func (d *daemon) alertOnce(event, text, subject string) {
	if d.alertDue(event+" "+subject, time.Now()) {
		d.alert(event, text, "subject", subject)
	}
}

// alertDue reports whether an alert was not raised within the last hour, and notes that it is now.
func (d *daemon) alertDue(key string, now time.Time) bool {
	d.alertsMu.Lock()
	defer d.alertsMu.Unlock()
	if last, raised := d.alerts[key]; raised && now.Sub(last) < time.Hour {
		return false
	}
	if d.alerts == nil || len(d.alerts) >= maxAlerts {
		d.alerts = map[string]time.Time{}
	}
	d.alerts[key] = now
	return true
}

// alertEngineAway raises an alert, once an hour for each engine.
func (d *daemon) alertEngineAway(engine, why string) {
	d.alertOnce("engine.away",
		"An engine beside the scorer cannot be asked; mail is judged without it. "+
			"See show ID, clawback check --online.", engine)
	d.log.Debug("engine not asked", "event", "engine.away", "engine", engine, "error", why)
}
