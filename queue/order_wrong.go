//go:build wrongorder

package queue

const wrongOrder = true
