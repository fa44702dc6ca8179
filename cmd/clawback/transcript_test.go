package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what the commands print into the transcripts")

// Each file of testdata/transcripts shows what verbs print. A line that begins with "$ " is a command; what follows it,
// up to the next one, is what it prints, with "! " before the lines of standard error and the exit status at the end
// where it is not 0. "< " gives it standard input, "$ until=PATTERN ..." repeats it until its output matches, and "# "
// is a comment. JSON is shown indented. Ids of the office have names, $PHISH and the like; a new id gets one when it is
// printed.
func TestTranscripts(t *testing.T) {
	for name, value := range map[string]string{"COLUMNS": "80", "SUDO_USER": "", "CLAWBACK_SOCKET": ""} {
		t.Setenv(name, value)
	}
	files, err := filepath.Glob("testdata/transcripts/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no transcripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			p := &player{t: t, office: openOffice(t)}
			got := p.play(string(want))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := gocmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("(-want +got; go test -update writes what is got)\n%s", diff)
			}
		})
	}
}

// player carries out the commands of one transcript against one office.
type player struct {
	t      *testing.T
	office *office
}

// play repeats a transcript with what the commands print now.
func (p *player) play(text string) string {
	var out strings.Builder
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		switch {
		case strings.HasPrefix(lines[i], "$ "):
			command := strings.TrimPrefix(lines[i], "$ ")
			fmt.Fprintln(&out, lines[i])
			var in strings.Builder
			for i+1 < len(lines) && strings.HasPrefix(lines[i+1], "< ") {
				i++
				fmt.Fprintln(&out, lines[i])
				fmt.Fprintln(&in, p.expand(strings.TrimPrefix(lines[i], "< ")))
			}
			out.WriteString(p.command(command, in.String()))
		case strings.HasPrefix(lines[i], "# "):
			fmt.Fprintf(&out, "\n%s\n", lines[i])
		}
	}
	return strings.TrimLeft(out.String(), "\n")
}

// command runs one command line and shows what it prints.
func (p *player) command(line, in string) string {
	until := regexp.MustCompile("")
	if pattern, waits := strings.CutPrefix(line, "until="); waits {
		pattern, line, _ = strings.Cut(pattern, " ")
		until = regexp.MustCompile("(?s)" + pattern)
	}
	for deadline := time.Now().Add(4 * time.Minute); ; time.Sleep(10 * time.Millisecond) {
		shown := p.once(line, in)
		if until.MatchString(shown) {
			return shown
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("%s: never matches %q, but\n%s\n%s", line, until, shown, p.office.LogTail())
		}
	}
}

func (p *player) once(line, in string) string {
	args, err := split(p.expand(strings.TrimPrefix(strings.TrimPrefix(line, "clawback"), " ")))
	if err != nil {
		p.t.Fatal(err)
	}
	if len(args) > 0 && !strings.Contains(line, "--socket") && args[0] != "--version" {
		args = append([]string{"--socket", p.office.File("control.sock")}, args...)
	}
	var out, errOut bytes.Buffer
	ctx, cancel := context.WithTimeout(p.t.Context(), time.Minute)
	defer cancel()
	status := (&app{ctx: ctx, in: strings.NewReader(in), out: &out, errOut: &errOut, files: files}).run(args)
	var shown strings.Builder
	asJSON := slices.Contains(args, "--json") || slices.Contains(args, "feedback") && slices.Contains(args, "export")
	shown.WriteString(p.clean(indented(out.Bytes(), asJSON)))
	for line := range strings.Lines(p.clean(errOut.String())) {
		shown.WriteString(strings.Replace("! "+line, "! \n", "!\n", 1))
	}
	if status != 0 {
		fmt.Fprintf(&shown, "[exit %d]\n", status)
	}
	return shown.String()
}

// indented makes JSON readable.
func indented(text []byte, asJSON bool) string {
	if !asJSON {
		return string(text)
	}
	var out bytes.Buffer
	for values := json.NewDecoder(bytes.NewReader(text)); values.More(); {
		var raw json.RawMessage
		if err := values.Decode(&raw); err != nil {
			return fmt.Sprintf("not JSON: %v\n%s", err, text)
		}
		if err := json.Indent(&out, raw, "", "  "); err != nil {
			return err.Error()
		}
		out.WriteByte('\n')
	}
	return out.String()
}

// expand puts ids in the place of their names.
func (p *player) expand(line string) string {
	line = strings.ReplaceAll(line, "$DIR", p.office.Dir)
	for name, id := range p.office.names {
		line = regexp.MustCompile(`\$`+name+`\b`).ReplaceAllString(line, id)
	}
	return line
}

// fresh are the ids that commands make, by the name they get.
var fresh = []struct {
	name string
	id   *regexp.Regexp
}{
	{"SECRET", regexp.MustCompile(`\bclawback_t[a-z2-7]{12}_[a-z2-7]{52}\b`)},
	{"TOKEN", regexp.MustCompile(`\bt[a-z2-7]{12}\b`)},
	{"JOB", regexp.MustCompile(`\bj[a-z2-7]{12}\b`)},
	{"RESCAN", regexp.MustCompile(`\bx[a-z2-7]{12}\b`)},
	{"POLICY", regexp.MustCompile(`\bp[a-z2-7]{12}\b`)},
	{"ADDRESS", regexp.MustCompile(`\bj-[a-z2-7]{26}\b`)},
	{"ITEM", regexp.MustCompile(`\bq[0-9a-v]{20}\b`)},
	{"INTENT", regexp.MustCompile(`\bi[a-z2-7]{26}\b`)},
}

var (
	moment  = regexp.MustCompile(`\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?`)
	day     = regexp.MustCompile(`\b20\d\d-\d\d-\d\d\b`)
	since   = regexp.MustCompile(`\b(now|\d+ (second|minute|hour)s? (ago|from now))( {2,}|,|\n)`)
	startOf = regexp.MustCompile(`(daemon\.start +)\$DIR/\S+`)
	cutPath = regexp.MustCompile(`(^|\s)(?:\$DIR|/)\S*…`) // how much is shown depends on how long the path is
	segment = regexp.MustCompile(`\bseg/[0-9A-Za-z-]+`)
	heads   = regexp.MustCompile(`^[A-Z]+  [A-Z -]+\n$|^ +COUNT  OLDEST|^(queue|bounces) [a-z]+ +\d`)
	gap     = regexp.MustCompile(`(\S) {2,}`)
	chain   = regexp.MustCompile(`"chain": "[0-9a-f]{64}"`)
	leaf    = regexp.MustCompile(`"leaf": [0-9]+`) // reports are applied in no order
	process = regexp.MustCompile(`^memory: .*\n$`)
	inJSON  = regexp.MustCompile(`"(own|heap|cache|mapped|free|total|inodes|total_inodes)": \d+`)
	disk    = regexp.MustCompile(`has \S+ .iB of \S+ .iB free`)
	lasts   = regexp.MustCompile(`for (a moment|\d+ (second|minute)s?), since`)
	dbSize  = regexp.MustCompile(`"size": \d{5,}`)
)

// clean puts names in the place of what differs from run to run.
func (p *player) clean(text string) string {
	for _, f := range fresh {
		for _, id := range f.id.FindAllString(text, -1) {
			p.name(f.name, id)
		}
	}
	me := "OPERATOR"
	if u, err := user.Current(); err == nil {
		me = u.Username
	}
	var out strings.Builder
	for line := range strings.Lines(strings.ReplaceAll(text, "\r\n", "\n")) {
		before := line
		line = strings.ReplaceAll(line, p.office.Dir, "$DIR")
		line = cutPath.ReplaceAllString(line, "$1$$DIR…")
		line = startOf.ReplaceAllString(line, "$1$$DIR…") // a short one is not cut
		for _, name := range longestFirst(p.office.names) {
			line = strings.ReplaceAll(line, p.office.names[name], "$"+name)
		}
		line = regexp.MustCompile(`\b`+regexp.QuoteMeta(me)+`\b`).ReplaceAllString(line, "OPERATOR")
		line = moment.ReplaceAllString(line, "TIME")
		line = day.ReplaceAllString(line, "DAY")
		line = since.ReplaceAllString(line, "AGO$4")
		line = segment.ReplaceAllString(line, "SEGMENT")
		line = chain.ReplaceAllString(line, `"chain": "CHAIN"`)
		line = leaf.ReplaceAllString(line, `"leaf": LEAF`)
		line = process.ReplaceAllString(line, "memory: SIZES\n")
		line = lasts.ReplaceAllString(disk.ReplaceAllString(line, "has SIZE of SIZE free"), "for AGO, since")
		line = inJSON.ReplaceAllString(line, `"$1": SIZE`)
		line = dbSize.ReplaceAllString(line, `"size": SIZE`)
		if line != before || heads.MatchString(line) { // its columns do not stand beneath the others any more
			line = gap.ReplaceAllString(line, "$1  ")
		}
		out.WriteString(line)
	}
	return out.String()
}

// longestFirst are the names of ids, those before others that are a part of theirs.
func longestFirst(names map[string]string) []string {
	return slices.SortedFunc(maps.Keys(names), func(a, b string) int {
		return cmp.Or(len(names[b])-len(names[a]), strings.Compare(a, b))
	})
}

// name gives a new id the next free name.
func (p *player) name(kind, id string) {
	for _, known := range p.office.names {
		if known == id {
			return
		}
	}
	for n := 1; ; n++ {
		name := fmt.Sprintf("%s%d", kind, n)
		if p.office.names[name] == "" {
			p.office.names[name] = id
			return
		}
	}
}
