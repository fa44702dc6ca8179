package main

import (
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// stage is one FROM of a Dockerfile with its instructions.
type stage struct {
	from, name string
	lines      [][2]string // instruction and arguments
}

// readDockerfile reads a Dockerfile as docker build does: comments, continued lines, an instruction each.
func readDockerfile(t *testing.T, file string) (stages []stage) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	joined := strings.ReplaceAll(regexp.MustCompile(`(?m)^\s*#.*\n`).ReplaceAllString(string(text), ""), "\\\n", " ")
	for line := range strings.Lines(joined) {
		instruction, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch fields := strings.Fields(rest); {
		case instruction == "":
		case instruction == "FROM":
			one := stage{from: fields[0]}
			if len(fields) == 3 && fields[1] == "AS" {
				one.name = fields[2]
			}
			stages = append(stages, one)
		case len(stages) == 0:
			t.Fatalf("%s stands before the first FROM", instruction)
		default:
			last := &stages[len(stages)-1]
			last.lines = append(last.lines, [2]string{instruction, strings.TrimSpace(rest)})
		}
	}
	return stages
}

// args are the arguments of a stage's instructions of one kind.
func (s stage) args(instruction string) (list []string) {
	for _, line := range s.lines {
		if line[0] == instruction {
			list = append(list, line[1])
		}
	}
	return list
}

// There is no docker where the tests run: what an image would be missed by is read instead. The stages exist, what is
// copied was made, what runs is there and belongs to the user who runs it, and Go is the one that go.mod asks for.
func TestDockerfile_standsOnWhatExists(t *testing.T) {
	stages := readDockerfile(t, "../../packaging/Dockerfile")
	if len(stages) != 2 || stages[1].from != "scratch" {
		t.Fatalf("stages are %+v", stages)
	}
	build, image := stages[0], stages[1]
	goMod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(goMod)
	if want := "golang:" + string(version[1]); build.from != want {
		t.Errorf("it builds by %s, and go.mod wants %s", build.from, want)
	}
	made := strings.Join(build.args("RUN"), " && ")
	for _, copied := range image.args("COPY") {
		from, what, found := strings.Cut(strings.TrimPrefix(copied, "--from="), " ")
		if !found || from != build.name || what != "/out /" {
			t.Errorf("COPY %s: no stage or directory of that name", copied)
		}
	}
	for _, dir := range []string{"/usr/bin/clawback", "/var/lib/clawback", "/etc/clawback/secrets", "/run/clawback",
		"/tmp", "/etc/ssl/certs"} {
		if !regexp.MustCompile(`/out` + regexp.QuoteMeta(dir) + `(\s|$)`).MatchString(made) {
			t.Errorf("the image lacks %s", dir)
		}
	}
	source := regexp.MustCompile(`go build .*(\./\S+)`).FindStringSubmatch(made)
	if source == nil || !isDir("../../"+source[1]) || !strings.Contains(made, "CGO_ENABLED=0") {
		t.Errorf("what it builds, a static binary, is not there: %s", made)
	}
	user, _, _ := strings.Cut(image.args("USER")[0], ":")
	owner := regexp.MustCompile(`chown -R (\d+):\d+ (.*)`).FindStringSubmatch(made)
	for _, volume := range regexp.MustCompile(`"(/[^"]+)"`).FindAllStringSubmatch(image.args("VOLUME")[0], -1) {
		if owner == nil || owner[1] != user || !slices.Contains(strings.Fields(owner[2]), "/out"+volume[1]) {
			t.Errorf("%s is not of user %s", volume[1], user)
		}
	}
}

// What the image runs is a command of this program, with flags that it has, and its files are where its volumes are.
func TestDockerfile_runsWhatTheProgramHas(t *testing.T) {
	image := readDockerfile(t, "../../packaging/Dockerfile")[1]
	words := func(list string) (all []string) {
		for _, word := range regexp.MustCompile(`"([^"]+)"`).FindAllStringSubmatch(list, -1) {
			all = append(all, word[1])
		}
		return all
	}
	entry, command := words(image.args("ENTRYPOINT")[0]), words(image.args("CMD")[0])
	health := words(image.args("HEALTHCHECK")[0])
	if len(entry) != 1 || len(health) < 2 || health[0] != entry[0] || path.Base(entry[0]) != "clawback" {
		t.Fatalf("entry %q, health %q", entry, health)
	}
	for _, line := range [][]string{command, health[1:]} {
		var out, errOut strings.Builder
		args := append([]string{line[0]}, append(slices.Clone(line[1:]), "--help")...)
		a := &app{ctx: t.Context(), in: strings.NewReader(""), out: &out, errOut: &errOut}
		if status := a.run(args); status != exitOK {
			t.Errorf("clawback %q: status %d\n%s", args, status, errOut.String())
		}
	}
	if !slices.Contains(words(image.args("VOLUME")[0]), path.Dir(command[len(command)-1])) {
		t.Errorf("the configuration %s is in no volume", command[len(command)-1])
	}
}

func isDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}
