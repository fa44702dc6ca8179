package pebble_test

import (
	"testing"

	"clawback/store/pebble"
	"clawback/store/rows"
	"clawback/store/storetest"
)

func TestContract(t *testing.T) {
	storetest.RunEngine(t, func(dir string) (rows.Engine, error) { return pebble.OpenEngine(dir, pebble.Options{}) })
	storetest.Run(t, pebble.Open)
}
