// Package cases holds small mails, made by hand, on which mail readers failed in public, to the right answer.
//
// In flow testdata/cases, a folder for each kind of fault; the package's test judges them as `clawback score` and
// `clawback unwrap` do.
package cases
