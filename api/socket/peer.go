package socket

import (
	"context"
	"net"
	"net/http"
	"os/user"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/sys/unix"

	"clawback/api"
)

type peerKey struct{}

// OperatorHeader bears the name that the command line says its user has: $SUDO_USER, or the user's own.
const OperatorHeader = "X-Clawback-Operator"

// withPeer notes who is at the other end of the socket, as the kernel tells it.
func withPeer(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, peerKey{}, peerName(conn))
}

func peerName(conn net.Conn) string {
	c, ok := conn.(*net.UnixConn)
	if !ok {
		return "unknown"
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return "unknown"
	}
	var cred *unix.Ucred
	raw.Control(func(fd uintptr) { cred, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	if err != nil || cred == nil {
		return "unknown"
	}
	uid := strconv.FormatUint(uint64(cred.Uid), 10)
	if u, err := user.LookupId(uid); err == nil {
		return u.Username
	}
	return "uid " + uid
}

// principal is who is at the other end: whoever may open the socket may do everything.
func principal(r *http.Request) (api.Principal, error) { return api.Root(who(r)), nil }

// who is the operator's name for the audit: what the kernel says, and beside it what the command line says when that is
// another name. Under sudo the kernel knows root alone, and in the unit's own user namespace it knows nobody but root.
func who(r *http.Request) string {
	name, _ := r.Context().Value(peerKey{}).(string)
	said := plainName(r.Header.Get(OperatorHeader))
	if said == "" || said == name {
		return name
	}
	return name + " (says " + said + ")"
}

// plainName keeps of a name what may stand in an audit: 64 letters, digits and a few signs.
func plainName(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("._-@\\", r) {
			return r
		}
		return -1
	}, s)
	return string([]rune(s)[:min(len([]rune(s)), 64)])
}
