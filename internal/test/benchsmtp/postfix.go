package main

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"clawback/internal/test/postfixtest"
)

// postfix is the other server, with its queue on the same disk.
type postfix struct {
	server *postfixtest.Server
	queue  string
}

func startPostfix(in string) (*postfix, error) {
	o := postfixtest.Options{Dir: in, CertFile: filepath.Join(in, certFile), KeyFile: filepath.Join(in, keyFile),
		Main: []string{
			"smtpd_tls_security_level = encrypt", "in_flow_delay = 0", "virtual_transport = discard",
			"default_process_limit = 200",
			"smtpd_client_connection_count_limit = 0", "smtpd_client_connection_rate_limit = 0",
			"smtpd_client_message_rate_limit = 0",
			"smtpd_client_event_limit_exceptions = 127.0.0.0/8", "smtpd_tls_session_cache_database =",
			"smtpd_peername_lookup = no",
			"disable_dns_lookups = yes", "default_destination_concurrency_limit = 50",
			"qmgr_message_active_limit = 20000",
		}}
	server, err := postfixtest.Run(o)
	if err != nil {
		return nil, err
	}
	return &postfix{server, server.Queue()}, nil
}

func (p *postfix) close() { p.server.Close() }

// idle waits until Postfix has thrown away what it accepted.
func (p *postfix) idle(wait time.Duration) error {
	for end := time.Now().Add(wait); ; time.Sleep(50 * time.Millisecond) {
		n := 0
		for _, sub := range []string{"incoming", "active", "maildrop", "deferred"} {
			filepath.WalkDir(filepath.Join(p.queue, sub), func(_ string, d fs.DirEntry, err error) error {
				if err == nil && !d.IsDir() {
					n++
				}
				return nil // files come and go
			})
		}
		if n == 0 {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("postfix still has %d messages after %s", n, wait)
		}
	}
}
