package store_test

import (
	"sync"
	"testing"

	"clawback/store"
	"clawback/store/storetest"
)

// checked is a Store of which the indexes are checked before it is closed.
type checked struct {
	*store.Store
	t    *testing.T
	once *sync.Once
}

func (c checked) Close() error {
	select {
	case <-c.Broken(): // its file is to be looked at by the next one
	default:
		c.once.Do(func() { store.CheckIndexes(c.t, c.Store) })
	}
	return c.Store.Close()
}

func TestContract(t *testing.T) {
	storetest.Run(t, func(dir string, o store.Options) (storetest.Store, error) {
		s, err := store.Open(dir, o)
		return checked{s, t, &sync.Once{}}, err
	})
}
