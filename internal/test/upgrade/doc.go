// Package upgrade builds the program of an earlier commit, lets it accept reports and retract messages, ends it, and
// has the program of now carry on with the same state directory.
//
// Nothing may be lost or done twice, whether the earlier program was stopped in order or killed; and put back in place
// it must refuse what the later one has written, and leave it as it is.
//
// `make upgrade FROM=COMMIT` runs it. It needs the history of the source tree, and says so where there is none. It is a
// test package only.
package upgrade
