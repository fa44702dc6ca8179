// Package crash ends the real daemon at every commit point and at random moments, starts it again, and judges what is
// left.
//
// The judge is the sender: every report for which it read a 250 must be there afterwards, octet for octet, once; every
// mailbox must be as the verdicts say; nothing is moved twice, no report bounced twice, no counter is off.
//
// `make crash` runs it. It is a test package only; the daemon is built with -tags failpoint.
package crash
