// Command rowdict makes the dictionary by which package store/pebble compresses packed rows, of the rows in stores that
// it is given:
//
//	go run ./internal/test/rowdict -out store/pebble/packed.dict DIR...
//
// The rows must be of made-up mail: pieces of them stand in the dictionary, and so in the program. A new dictionary
// needs a form of its own in the codec, beside those that are on disks.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"

	"github.com/klauspost/compress/dict"
	"github.com/klauspost/compress/zstd"

	"clawback/store"
	"clawback/store/packed"
	"clawback/store/pebble"
)

var (
	out  = flag.String("out", "store/pebble/packed.dict", "where to write the dictionary")
	size = flag.Int("size", 16<<10, "bytes of it, about")
	id   = flag.Uint("id", 2, "its number, which every compressed value bears")
)

func main() {
	flag.Parse()
	log.SetFlags(0)
	if err := run(flag.Args()); err != nil {
		log.Fatal("rowdict: ", err)
	}
}

func run(dirs []string) error {
	var samples [][]byte
	for _, dir := range dirs {
		var err error
		if samples, err = collect(dir, samples); err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
	}
	made, err := dict.BuildZstdDict(samples,
		dict.Options{MaxDictSize: *size, HashBytes: 6, ZstdDictID: uint32(*id), ZstdLevel: zstd.SpeedDefault})
	if err != nil {
		return err
	}
	fmt.Printf("%d rows, a dictionary of %d bytes\n", len(samples), len(made))
	return os.WriteFile(*out, made, 0o644)
}

// smallest is the size from which the codec tries to compress a packed row.
const smallest = 48

// collect adds the packed rows of a store.
func collect(dir string, samples [][]byte) ([][]byte, error) {
	e, err := pebble.OpenEngine(dir, pebble.Options{})
	if err != nil {
		return nil, err
	}
	defer e.Close()
	tx, err := e.Begin(context.Background(), false)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	for table := range store.Tables() {
		c := tx.Cursor(table)
		for k, v := c.First(); k != nil; k, v = c.Next() {
			if row, ok := packed.Pack(nil, v); ok && len(row) >= smallest {
				samples = append(samples, row)
			}
		}
		if err := c.Err(); err != nil {
			return nil, err
		}
	}
	return samples, nil
}
