package main

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"clawback/internal/test/bench/side"
	"clawback/smtpd/certs"
	"clawback/systemd"
)

// workers of the pipeline that has nothing to do; the daemon's default.
const workers = 4

// clawback is listener, queue and spool in a process of their own, as Postfix is in its own.
type clawback struct {
	address string
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
}

func startClawback(dir string) (*clawback, error) {
	c := &clawback{cmd: exec.Command("/proc/self/exe", "-serve", dir)}
	c.cmd.Stderr = os.Stderr
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.out = bufio.NewReader(out)
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	if c.address, err = c.line(); err != nil {
		c.close()
		return nil, fmt.Errorf("start clawback: %w", err)
	}
	return c, nil
}

func (c *clawback) line() (string, error) {
	line, err := c.out.ReadString('\n')
	return strings.TrimSpace(line), err
}

func (c *clawback) close() {
	c.in.Close()
	c.cmd.Wait()
}

// idle waits until it has thrown away what it accepted.
func (c *clawback) idle() error {
	if _, err := io.WriteString(c.in, "idle?\n"); err != nil {
		return err
	}
	answer, err := c.line()
	if err == nil && answer != "idle" {
		err = errors.New("it has not worked off what it accepted")
	}
	return err
}

// serve is that process. It says its address, answers each line of its standard input when it is idle, and ends with
// it.
func serve(dir string) error {
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, certFile), filepath.Join(dir, keyFile))
	if err != nil {
		return err
	}
	logFile, err := os.Create(filepath.Join(dir, "clawback.log")) // Postfix writes its own
	if err != nil {
		return err
	}
	defer logFile.Close()
	s, err := side.Durable(filepath.Join(dir, "clawback"), &certs.Static{Certificate: &pair}, side.Options{
		Workers: workers, Log: slog.New(systemd.NewHandler("text", slog.LevelInfo, logFile)),
	})
	if err != nil {
		return err
	}
	defer s.Close()
	fmt.Println(s.Address)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		if s.Idle(5 * time.Minute) {
			fmt.Println("idle")
		} else {
			fmt.Println("busy")
		}
	}
	return nil
}

const certFile, keyFile = "cert.crt", "cert.secret"

// writeCertificate puts the certificate of both contestants into dir, from where serve and Postfix read it.
func writeCertificate(dir string) error {
	cert, err := certs.SelfSigned("bench.example", "127.0.0.1")
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(filepath.Join(dir, certFile), cert.CertPEM, 0o600),
		os.WriteFile(filepath.Join(dir, keyFile), cert.KeyPEM, 0o600))
}
