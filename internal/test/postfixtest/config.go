package postfixtest

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
)

// write makes the directories and the configuration.
func (s *Server) write(o Options) error {
	owners := map[string]string{"etc": "", "spool": "", "data": "postfix", "mail": "nobody"}
	ids := map[string]int{}
	for sub, owner := range owners {
		path := filepath.Join(s.dir, sub)
		if err := os.Mkdir(path, 0o755); err != nil {
			return err
		}
		if owner == "" {
			continue
		}
		u, err := user.Lookup(owner)
		if err != nil {
			return err
		}
		ids[owner], _ = strconv.Atoi(u.Uid)
		if err := os.Chown(path, ids[owner], -1); err != nil {
			return err
		}
	}
	main := strings.Join(append(s.main(o, ids["nobody"]), o.Main...), "\n") + "\n"
	return errors.Join(
		os.WriteFile(filepath.Join(s.dir, "etc", "main.cf"), []byte(main), 0o644),
		os.WriteFile(filepath.Join(s.dir, "etc", "master.cf"), fmt.Appendf(nil, masterCF, s.Port), 0o644))
}

func (s *Server) main(o Options, nobody int) []string {
	in := func(name string) string { return filepath.Join(s.dir, name) }
	return []string{
		"compatibility_level = 3.6", "mail_owner = postfix", "setgid_group = postdrop", "inet_interfaces = 127.0.0.1",
		"inet_protocols = ipv4", "myhostname = mx." + Domain, "mydestination =", "queue_directory = " + in("spool"),
		"data_directory = " + in("data"), "virtual_mailbox_domains = " + Domain, "virtual_mailbox_base = " + in("mail"),
		"virtual_mailbox_maps = static:box/", fmt.Sprintf("virtual_uid_maps = static:%d", nobody),
		"virtual_gid_maps = static:65534",
		"virtual_minimum_uid = 1", "message_size_limit = 200000000", "virtual_mailbox_limit = 0",
		"mailbox_size_limit = 0",
		"smtpd_tls_cert_file = " + o.CertFile, "smtpd_tls_key_file = " + o.KeyFile, "smtpd_tls_security_level = may",
		"in_flow_delay = 0",
		"maillog_file = " + in("data/postfix.log"), "maillog_file_prefixes = " + s.dir, "alias_maps =",
		"alias_database =",
		"syslog_name = postfixtest", "multi_instance_enable = no",
	}
}

const masterCF = `127.0.0.1:%d inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
discard unix - - n - - discard
smtp unix - - n - - smtp
virtual unix - n n - - virtual
tlsmgr unix - - n 1000? 1 tlsmgr
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
`
