package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"

	"github.com/dustin/go-humanize"
	"golang.org/x/sys/unix"

	"clawback/config"
	"clawback/internal/mailaddr"
	"clawback/retract/graph"
)

// checkState looks at the state directory and the disk beneath it.
func checkState(cfg *config.Config) finding {
	what := topic("state directory " + cfg.StateDir)
	info, err := os.Stat(cfg.StateDir)
	at := cfg.StateDir
	switch {
	case errors.Is(err, fs.ErrNotExist):
		at = filepath.Dir(cfg.StateDir) // systemd makes it at the start
	case err != nil:
		return what.bad(err.Error(), "let the daemon's user reach it")
	case !info.IsDir():
		return what.bad("is not a directory", "move the file away, or name another by state_dir")
	case info.Mode().Perm()&0o077 != 0:
		return what.bad(fmt.Sprintf("has mode %04o: whole mails lie in it", info.Mode().Perm()),
			"chmod 0700 "+cfg.StateDir)
	default:
		if f := checkOwner(what, cfg.StateDir, info); f.Grade != fine {
			return f
		}
	}
	free, total, err := space(at)
	if err != nil {
		return what.bad(err.Error(), "make the directory above it")
	}
	need := max(uint64(cfg.Spool.MinFree), uint64(float64(total)*cfg.Spool.MinFreePercent/100))
	text := fmt.Sprintf("%s of %s are free; below %s new mail is put off", humanize.IBytes(free),
		humanize.IBytes(total), humanize.IBytes(need))
	switch {
	case free < need:
		return what.bad(text, "free space, or lower spool.min_free and spool.min_free_percent")
	case free < 2*need:
		return what.warn(text, "free space before it comes to that")
	}
	return what.fine("%s", text)
}

// checkOwner wants the directory to be the daemon's user's, where there is such a user.
func checkOwner(what topic, dir string, info fs.FileInfo) finding {
	u, err := user.Lookup("clawback")
	owner, known := info.Sys().(*syscall.Stat_t)
	if err != nil || !known || u.Uid == strconv.Itoa(int(owner.Uid)) ||
		os.Geteuid() == int(owner.Uid) && os.Geteuid() != 0 {
		return what.fine("")
	}
	return what.warn(fmt.Sprintf("belongs to user %d, and the unit runs the daemon as clawback", owner.Uid),
		"chown -R clawback: "+dir+", unless another user runs it here")
}

// space is what is free for others than root, and all there is, in bytes.
func space(dir string) (free, total uint64, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, 0, fmt.Errorf("look at the disk of %s: %w", dir, err)
	}
	return s.Bavail * uint64(s.Bsize), s.Blocks * uint64(s.Bsize), nil
}

// checkClock asks the kernel whether something keeps the clock right. Tokens, certificates and DKIM depend on it.
func checkClock() finding {
	const what = topic("clock")
	var x unix.Timex
	state, err := unix.Adjtimex(&x)
	if err != nil || state == unix.TIME_ERROR {
		return what.warn("nothing keeps it right, as far as the kernel knows",
			"run systemd-timesyncd or chrony: timedatectl set-ntp true")
	}
	return what.fine("it is kept right")
}

// leastBits is what a journal address must have that nobody can guess: with less, trying is worth it.
const leastBits = 64

// checkAddresses looks at what would let others in, or mail go round in a circle.
func checkAddresses(cfg *config.Config, t *config.Tenant) (list []finding) {
	what := topic("tenant " + t.Name + ", journal addresses")
	for _, a := range t.Addresses {
		list = append(list, doubts(t, a.Address)...)
	}
	if len(list) == 0 {
		list = append(list, what.fine("%s, which nobody can guess", plural(len(t.Addresses), "address")))
	}
	alternate := what.domainOf(t.AlternateMailbox)
	if slices.Contains(t.Domains, alternate) {
		list = append(list, topic("tenant "+t.Name+", alternate mailbox").bad(t.AlternateMailbox+" lies in "+alternate+
			", a domain of the tenant: what is sent there would be journaled",
			"use a mailbox elsewhere, which is not in Exchange Online"))
	}
	return list
}

// doubts are what speaks against a journal address of a tenant's.
func doubts(t *config.Tenant, address string) (list []finding) {
	what := topic("tenant " + t.Name + ", journal addresses")
	local, domain, _ := strings.Cut(mailaddr.Lower(address), "@")
	if slices.Contains(t.Domains, domain) {
		list = append(list, what.bad("one lies in "+domain+
			", a domain of the tenant: Exchange would look for a mailbox there, and journal what it sends",
			"use one of the gateway's: clawback address new, without --domain or with another one"))
	}
	if bits := unguessable(local); bits < leastBits {
		list = append(list, what.warn(fmt.Sprintf("one can be guessed: it has %d bits of chance at most, and "+
			"every tenant of Exchange Online may try", bits), "replace it by one with 128: clawback address new"))
	}
	return list
}

func (topic) domainOf(address string) string {
	return mailaddr.Lower(address[strings.LastIndexByte(address, '@')+1:])
}

// madeHere is the form of the addresses that clawback makes, few digits or many.
var madeHere = regexp.MustCompile(`^j-[a-z2-7]{26}$`)

// unguessable is how many bits a local part has that look like chance: runs of letters and digits that change often.
// Words, names, years and numbers in a row count nothing.
func unguessable(local string) (bits int) {
	if madeHere.MatchString(mailaddr.Lower(local)) {
		return addressBits
	}
	for run := range strings.FieldsFuncSeq(mailaddr.Lower(local),
		func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		changes, hex := 0, true
		for i, r := range run {
			hex = hex && strings.ContainsRune("0123456789abcdef", r)
			if i > 0 && unicode.IsDigit(r) != unicode.IsDigit(rune(run[i-1])) {
				changes++
			}
		}
		switch {
		case changes < 1 || changes < 3 && len(run) > 4: // of a GUID each group counts
		case hex:
			bits += 4 * len(run)
		default:
			bits += 5 * len(run)
		}
	}
	return bits
}

// checkCredential looks at how the daemon proves to Entra who it is, without asking Entra.
func checkCredential(t *config.Tenant) []finding {
	what := topic("tenant " + t.Name + ", credential for Graph")
	if t.Graph.ClientID == unregistered {
		return []finding{what.bad("client_id is what init has put there for an application that is not registered yet",
			"clawback setup exchange "+t.Name+" prints how to register it; write its id into client_id")}
	}
	client, err := graph.New(*t, graph.Options{})
	if err != nil {
		return []finding{what.bad(err.Error(), mendGraph)}
	}
	until, known := client.Expiry()
	day := until.UTC().Format(time.DateOnly)
	const renew = "make a new one, add it to the app registration, then put it in place of this one"
	switch left := time.Until(until); {
	case !known && t.Graph.ClientSecretFile != "":
		return []finding{what.warn("when the client secret ends is not known",
			"write the day that Entra shows into client_secret_ends")}
	case !known:
		return nil // the cloud renews it
	case left <= 0:
		return []finding{what.bad("it ended on "+day, renew)}
	case left < 30*24*time.Hour:
		return []finding{what.warn("it ends on "+day, renew)}
	}
	return []finding{what.fine("it is valid until %s", day)}
}
