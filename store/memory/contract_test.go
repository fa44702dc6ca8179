package memory_test

import (
	"testing"

	"clawback/store"
	"clawback/store/memory"
	"clawback/store/rows"
	"clawback/store/storetest"
)

func TestContract(t *testing.T) {
	disk := &memory.Disk{}
	storetest.RunEngine(t, func(dir string) (rows.Engine, error) { return disk.Engine(dir), nil })
	storetest.Run(t, func(dir string, o store.Options) (*store.Store, error) { return store.New(disk.Engine(dir), o) })
}
