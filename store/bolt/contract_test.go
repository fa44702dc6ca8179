package bolt_test

import (
	"testing"

	"clawback/store/bolt"
	"clawback/store/rows"
	"clawback/store/storetest"
)

func TestContract(t *testing.T) {
	storetest.RunEngine(t, func(dir string) (rows.Engine, error) { return bolt.OpenEngine(dir, bolt.Options{}) })
	storetest.Run(t, bolt.Open)
}
