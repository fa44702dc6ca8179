// Package chaos runs thousands of seeded scenarios of retraction and judges each of them.
//
// A scenario is an organisation of some mailboxes in a Microsoft Graph simulator that has a bad day, a store on disk,
// and the engine with the real Graph client between them, over an in-memory network and under fake time: days pass in
// milliseconds. Meanwhile reports arrive, to people and to groups, and messages that forward others; users move and
// delete messages, and bring back what was taken; copies appear later, by a release, a rule or a backup; verdicts
// change; operators retract, restore, approve, reject, and start and cancel bulk jobs; and the process stops or
// crashes: what is not durable is lost, and calls under way act or not. Beside it lives a second tenant that Graph
// spares: its credentials are refused for a while now and then. A second, smaller set of scenarios does the same to the
// real daemon, with SIGKILL.
//
// The judge holds the store against the mailboxes: every intent has ended, or is held, for a reason that is true; no
// message was touched but the right ones, none twice, none brought back into sight but by an operator's word; what its
// owner brought back was left to him, and a copy was taken where its retraction stands and there alone; no call
// was made before its attempt was recorded; every attempt has an outcome; the counters equal a recount, those of bulk
// jobs add up, and nothing is begun for one that was cancelled; requests kept to the limits; the second tenant waited
// for nobody, and went on by itself after its troubles, with one alert for each.
//
// It is a test package only. `make chaos` runs it; a scenario that fails tells the command that runs it again.
package chaos
