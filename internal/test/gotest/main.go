// Command gotest runs `go test -json` and says at the end what failed and what was skipped, and why.
//
// go test itself does not tell which tests were skipped unless everything is printed.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// event is one line of go test -json (go doc test2json).
type event struct {
	Action, Package, Test, Output, ImportPath string
	Elapsed                                   float64
}

type key struct{ pkg, test string }

type run struct {
	output                  map[key][]string
	failed, skipped         []key
	passed, nFailed, nSkips int
}

func main() {
	cmd := exec.Command("go", append([]string{"test", "-json"}, os.Args[1:]...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gotest:", err)
		os.Exit(1)
	}
	r := run{output: map[key][]string{}}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		r.record(lines.Bytes())
	}
	err = cmd.Wait()
	r.summary()
	if err != nil || r.nFailed > 0 || r.passed == 0 {
		os.Exit(1)
	}
}

func (r *run) record(line []byte) {
	var e event
	if json.Unmarshal(line, &e) != nil {
		fmt.Printf("%s\n", line)
		return
	}
	k := key{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		fmt.Print(e.Output)
	case "output":
		r.output[k] = append(r.output[k], e.Output)
	case "pass", "fail", "skip":
		r.ended(k, e)
	}
}

func (r *run) ended(k key, e event) {
	switch {
	case k.test == "" && e.Action != "skip":
		fmt.Printf("%-4s %-45s %6.1f s\n", e.Action, k.pkg, e.Elapsed)
		if e.Action == "fail" {
			r.failed = append(r.failed, k)
		}
		return
	case k.test == "":
		return // a package without tests
	case e.Action == "pass":
		r.passed++
		delete(r.output, k)
	case e.Action == "fail":
		r.nFailed++
		r.failed = append(r.failed, k)
	case e.Action == "skip":
		r.nSkips++
		r.skipped = append(r.skipped, k)
	}
}

func (r *run) summary() {
	for _, k := range r.failed {
		fmt.Printf("\n--- FAIL %s %s\n%s", k.pkg, k.test, strings.Join(r.output[k], ""))
	}
	if len(r.skipped) > 0 {
		fmt.Println("\nSkipped:")
	}
	for _, k := range r.skipped {
		fmt.Printf("  %s %s: %s\n", strings.TrimPrefix(k.pkg, "clawback/"), k.test, reason(r.output[k]))
	}
	fmt.Printf("\n%d passed, %d failed, %d skipped\n", r.passed, r.nFailed, r.nSkips)
}

// reason is what t.Skip said: the output that is neither === nor ---.
func reason(output []string) string {
	for _, line := range output {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "===") && !strings.HasPrefix(line, "---") {
			return line
		}
	}
	return "no reason given"
}
