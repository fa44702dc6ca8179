//go:build !wrongorder

package queue

// wrongOrder is true in builds with the tag wrongorder: they answer before C1 is committed. The crash tests have to
// fail with them, which shows that they can.
const wrongOrder = false
