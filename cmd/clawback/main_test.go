package main

import (
	"io"
	"os"
	"reflect"
	"strings"
	"testing"
	"unicode"

	"github.com/alecthomas/kong"

	"clawback/score/attach/confined"
)

// files is this test, started as what looks into attached files.
var files confined.Program

func TestMain(m *testing.M) {
	files = confined.Main()
	os.Exit(m.Run())
}

// Every command, and every command below it, stands in the table of docs/operations.md.
func TestCommands_areDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "## Commands")
	table, _, _ = strings.Cut(table, "\n## ")
	for name, command := range commands(reflect.TypeFor[cli]()) {
		rows := rowsOf(table, name)
		if rows == "" {
			t.Errorf("%s is in no row", name)
		}
		for sub := range commands(command) {
			if !strings.Contains(rows, sub) {
				t.Errorf("%s %s is not in the row of %s", name, sub, name)
			}
		}
	}
}

// No command has an option under the name of one that all have: which of the two is meant nobody could say.
func TestCommands_optionsHaveNamesOfTheirOwn(t *testing.T) {
	root := newParser(&cli{}, io.Discard, io.Discard).Model.Node
	all := map[string]bool{}
	for _, f := range root.Flags {
		all[f.Name] = true
	}
	seen := 0
	var walk func(n *kong.Node)
	walk = func(n *kong.Node) {
		for _, below := range n.Children {
			for _, f := range below.Flags {
				seen++
				if all[f.Name] {
					t.Errorf("%s --%s is an option of every command too", below.FullPath(), f.Name)
				}
			}
			walk(below)
		}
	}
	walk(root)
	if len(all) < 3 || seen < 50 {
		t.Errorf("looked at %d options of all commands and %d of some", len(all), seen)
	}
}

// commands are the commands that a struct of kong's declares.
func commands(s reflect.Type) map[string]reflect.Type {
	found := map[string]reflect.Type{}
	for i := range s.NumField() {
		_, command := s.Field(i).Tag.Lookup("cmd")
		_, unnamed := s.Field(i).Tag.Lookup("default") // it is what its parent does
		if command && !unnamed {
			found[kebab(s.Field(i).Name)] = s.Field(i).Type
		}
	}
	return found
}

// rowsOf are the rows whose first cell names a command.
// kebab is a command's name as kong makes it of a field's: RestoreBackup is restore-backup.
func kebab(field string) string {
	var out strings.Builder
	for i, r := range field {
		if i > 0 && unicode.IsUpper(r) && field != strings.ToUpper(field) {
			out.WriteByte('-')
		}
		out.WriteRune(unicode.ToLower(r))
	}
	return out.String()
}

func rowsOf(table, name string) (rows string) {
	for row := range strings.Lines(table) {
		cell, _, _ := strings.Cut(strings.TrimPrefix(row, "| "), " |")
		if strings.Contains(cell, "`"+name+"`") || strings.Contains(cell, "`"+name+" ") {
			rows += row
		}
	}
	return rows
}
