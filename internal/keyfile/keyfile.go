// Package keyfile refuses files with keys and secrets that others can read or change.
//
// Others are every user of the machine, and the members of a group that the daemon is not in. A group of the daemon's
// own was given to it on purpose, as ssl-cert is. The members of group 0 are root. What systemd passes as a credential
// is looked after by systemd, which gives it to nobody else, and may show it with an access list that looks like a
// group's.
//
// Reads: the mode of a file. Writes: nothing.
//
// On failure: the error says what is open, and to whom; Hint says what to do.
//
// Standards: systemd.exec(5), LoadCredential=.
package keyfile

import (
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// OpenError says that a file is open to others.
type OpenError struct {
	Path string
	To   string // whom: "every user of the machine", "the group staff"
}

func (e *OpenError) Error() string { return fmt.Sprintf("%s is open to %s", e.Path, e.To) }

// Hint says what to do.
func (e *OpenError) Hint() string {
	return "chmod 0600 it and let the daemon's user own it, or pass it as a systemd credential; replace what is in " +
		"it if somebody may have read it"
}

// Check answers an *OpenError where the file is open to others. Of a file that cannot be looked at it says nothing:
// reading tells.
func Check(path string) error {
	info, err := os.Stat(path)
	if err != nil || isCredential(path) {
		return nil
	}
	if to := openTo(info.Mode(), groupOf(info), processGroups()); to != "" {
		return &OpenError{Path: path, To: to}
	}
	return nil
}

// Mark is what changes when a file is opened to others, or closed. Neither touches the time of its last change of
// content.
type Mark struct {
	mode       fs.FileMode
	user, gid  uint32
	knownOwner bool
}

// MarkOf is the mark of a file.
func MarkOf(info fs.FileInfo) Mark {
	m := Mark{mode: info.Mode()}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		m.user, m.gid, m.knownOwner = st.Uid, st.Gid, true
	}
	return m
}

// openTo says to whom a file of a mode and a group is open, "" for nobody else. own are the daemon's groups, nil when
// they are not known.
func openTo(mode fs.FileMode, group int, own []int) string {
	switch {
	case mode.Perm()&0o007 != 0:
		return "every user of the machine"
	case mode.Perm()&0o070 == 0 || group == 0 || own == nil || slices.Contains(own, group):
		return ""
	}
	name := strconv.Itoa(group)
	if g, err := user.LookupGroupId(name); err == nil {
		name = g.Name
	}
	return "the group " + name + ", which the daemon is not in"
}

func groupOf(info fs.FileInfo) int {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(st.Gid)
	}
	return 0
}

// serviceUser is whom the daemon runs as under systemd.
const serviceUser = "clawback"

// processGroups are the groups of this process. Root checks a configuration for the daemon's user: then they are that
// user's, nil when there is none.
func processGroups() []int {
	if os.Geteuid() != 0 {
		groups, _ := os.Getgroups()
		return append(groups, os.Getegid())
	}
	u, err := user.Lookup(serviceUser)
	if err != nil {
		return nil
	}
	names, err := u.GroupIds()
	if err != nil {
		return nil
	}
	own := []int{}
	for _, name := range names {
		if id, err := strconv.Atoi(name); err == nil {
			own = append(own, id)
		}
	}
	return own
}

// isCredential reports whether systemd has passed the file.
func isCredential(path string) bool {
	dir := os.Getenv("CREDENTIALS_DIRECTORY")
	rest, err := filepath.Rel(dir, path)
	return dir != "" && filepath.IsAbs(path) && err == nil && rest != ".." && !strings.HasPrefix(rest, "../")
}
