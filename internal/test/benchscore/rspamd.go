package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"clawback/score/engines"
)

// packaged is rspamd's configuration as Debian installs it. It reads what deviates from it below LOCAL_CONFDIR.
const packaged = "/etc/rspamd/rspamd.conf"

// off are the modules that ask the network or a database, or judge the connection that there is none of here.
const off = "antivirus arc asn bimi clickhouse dcc dkim dkim_signing dmarc elastic external_services fuzzy_check " +
	"greylist hfilter " +
	"history_redis metadata_exporter mx_check neural once_received p0f ratelimit rbl replies reputation " +
	"rspamd_update spf surbl url_redirector whitelist"

// rspamd is the other contestant: one worker, in a process of its own.
type rspamd struct {
	dir     string
	program *exec.Cmd
	done    chan error
	log     bytes.Buffer // read only after done
	engine  engines.Rspamd
	worker  int // its pid
}

// startRspamd starts it on loopback and waits until it has compiled its patterns.
func startRspamd(ctx context.Context) (*rspamd, error) {
	path, err := exec.LookPath("rspamd")
	if err != nil {
		return nil, errors.New("it is not installed (see scripts/install-test-servers.sh)")
	}
	if _, err := os.Stat(packaged); err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	r := &rspamd{engine: engines.Rspamd{URL: "http://" + address}, done: make(chan error, 1)}
	if r.dir, err = os.MkdirTemp("", "bench-score-"); err != nil {
		return nil, err
	}
	if err := configure(r.dir, address); err != nil {
		os.RemoveAll(r.dir)
		return nil, err
	}
	r.program = exec.Command(path, "--no-fork", "--insecure", "--config="+packaged,
		"--var=LOCAL_CONFDIR="+r.dir, "--var=DBDIR="+r.dir, "--var=RUNDIR="+r.dir, "--var=LOGDIR="+r.dir)
	r.program.Stdout, r.program.Stderr = &r.log, &r.log
	r.program.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := r.program.Start(); err != nil {
		os.RemoveAll(r.dir)
		return nil, err
	}
	go func() { r.done <- r.program.Wait() }()
	if err := r.ready(ctx, address); err != nil {
		r.close()
		return nil, fmt.Errorf("%w\n%s", err, r.log.Bytes())
	}
	return r, nil
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// overrides are the files below override.d, by their names.
func overrides(dir, address string) map[string]string {
	files := map[string]string{
		// filters: of the modules in C without those for DKIM and for the fuzzy store. No name can be resolved, which
		// it is told at once: nothing leaves the machine, and no message waits for an answer.
		"options.inc": fmt.Sprintf("filters = \"chartable,regexp\";\ndns { nameserver = [\"127.0.0.1:1\"]; "+
			"timeout = 10ms; retransmits = 1; }\ntempdir = %q;\n", dir),
		"logging.inc":           "type = \"console\";\nlevel = \"error\";\n",
		"worker-normal.inc":     fmt.Sprintf("bind_socket = %q;\ncount = 1;\n", address),
		"worker-controller.inc": "enabled = false;\n",
		"worker-proxy.inc":      "enabled = false;\n",
	}
	for _, module := range strings.Fields(off) {
		files[module+".conf"] = "enabled = false;\n"
	}
	return files
}

func configure(dir, address string) error {
	if err := os.Mkdir(filepath.Join(dir, "override.d"), 0o755); err != nil {
		return err
	}
	for name, content := range overrides(dir, address) {
		if err := os.WriteFile(filepath.Join(dir, "override.d", name), []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// startup bounds how long it may take to start and to compile its patterns: seconds, on a machine with nothing else to
// do.
const startup = 3 * time.Minute

// ready waits until the worker answers, and until its sisters (hs_helper, which compiles patterns for it) have come to
// rest.
func (r *rspamd) ready(ctx context.Context, address string) error {
	var before time.Duration
	still := 0
	for end := time.Now().Add(startup); time.Now().Before(end); {
		select {
		case err := <-r.done:
			r.done <- err
			return fmt.Errorf("it ended: %v", err)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
		conn, err := net.Dial("tcp", address)
		if err != nil {
			continue
		}
		conn.Close()
		sisters, err := r.processes()
		if err != nil {
			return err
		}
		if still++; sisters > before {
			before, still = sisters, 0
		}
		if before > 0 && still >= 5 && r.worker != 0 {
			return nil
		}
	}
	return fmt.Errorf("it has not come to rest within %s", startup)
}

// processes finds the worker and sums the CPU time of the others beside it.
func (r *rspamd) processes() (sisters time.Duration, err error) {
	all, err := children(r.program.Process.Pid)
	if err != nil {
		return 0, err
	}
	for _, p := range all {
		title, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.pid)) // of one that has ended: none
		if bytes.Contains(title, []byte("normal process")) {
			r.worker = p.pid
		} else {
			sisters += p.cpu
		}
	}
	return sisters, nil
}

func (r *rspamd) name() string { return "rspamd" }

// judge catches what rspamd would mark as spam: 6 points, of which its findings make 2.
func (r *rspamd) judge(ctx context.Context, m message) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	found, err := r.engine.Ask(ctx, engines.Message{
		Body: bytes.NewReader(m.body), Size: int64(len(m.body)), Sender: m.sender, Recipients: m.recipients, IP: m.ip,
	})
	return len(found) > 0 && found[0].Points >= 2, err
}

func (r *rspamd) cpu() (time.Duration, error) {
	p, err := readStat(r.worker)
	return p.cpu, err
}

func (r *rspamd) close() {
	r.program.Process.Signal(syscall.SIGTERM)
	select {
	case <-r.done:
	case <-time.After(10 * time.Second):
		r.program.Process.Kill()
		<-r.done
	}
	os.RemoveAll(r.dir)
}
