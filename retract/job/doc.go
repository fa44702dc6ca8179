// Package job carries out bulk jobs: it finds their records, orders a retraction or a restore for each, and says how
// far it is.
//
// A job's row is small; its ids are rows of their own, written once. How far its intents are is kept by the store where
// an intent is written, and read as one row. Memory, bytes written and time grow with the job's size, and with nothing
// else.
//
// Reads: jobs, their ids and tallies, and records, from the store. Writes: jobs and their ids; through the engine,
// intents.
//
// Invariants:
//
//	I1  Only the end of a search ends it: a step that finds nothing is followed by the next.
//	I2  A step is written in one transaction with the job's position; doing one twice, after a crash, changes nothing.
//	I3  No intent of a job is begun while the job is paused, or is being called off, or before it is known whether it
//	    is. The store puts those of a paused job aside, so that they delay no walk over what is due.
//	I4  A job of one tenant works on no other tenant's records.
//	I5  No more than [window] intents of a job are due at once, so that a job delays no walk over what is due.
//	I6  A list that was not received whole is not worked on.
//
// On failure: a store that fails has the step tried again; a record that cannot be worked on is counted, with a reason.
//
// Standards: none.
package job
