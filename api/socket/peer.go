package socket

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os/user"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/sys/unix"

	"clawback/api"
	"clawback/api/routes"
)

type peerKey struct{}

// peer is who is at the other end of the socket, as the kernel tells it.
type peer struct {
	name string
	uid  int64 // -1: not known
}

// withPeer notes who is at the other end of the socket.
func withPeer(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, peerKey{}, peerOf(conn))
}

func peerOf(conn net.Conn) peer {
	unknown := peer{"unknown", -1}
	c, ok := conn.(*net.UnixConn)
	if !ok {
		return unknown
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return unknown
	}
	var cred *unix.Ucred
	raw.Control(func(fd uintptr) { cred, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	if err != nil || cred == nil {
		return unknown
	}
	uid := strconv.FormatUint(uint64(cred.Uid), 10)
	p := peer{"uid " + uid, int64(cred.Uid)}
	if u, err := user.LookupId(uid); err == nil {
		p.name = u.Username
	}
	return p
}

// overflow is the uid of everybody whom the unit's own user namespace does not map: /proc/sys/kernel/overflowuid.
const overflow = 65534

// shared reports whether several people come by this account, so that its name tells nobody: root by sudo, and whoever
// the kernel cannot name.
func (p peer) shared() bool { return p.uid == 0 || p.uid == overflow }

// principal is who is at the other end: whoever may open the socket may do everything.
func principal(r *http.Request) (api.Principal, error) { return api.Root(who(r)), nil }

// who is the operator's name for the audit. By an account of his own it is the kernel's word, with what the command
// line says beside it. By one that several people share, it is the name that he claims, which under sudo is $SUDO_USER,
// and the account with its uid beside it: "ada (claimed; root, uid 0)". Only the account is proven, and package retract
// goes by that.
func who(r *http.Request) string {
	p, _ := r.Context().Value(peerKey{}).(peer)
	claimed := plainName(r.Header.Get(routes.OperatorHeader))
	switch {
	case claimed == "" || claimed == p.name:
		return p.name
	case p.shared():
		return fmt.Sprintf("%s (claimed; %s, uid %d)", claimed, p.name, p.uid)
	}
	return p.name + " (says " + claimed + ")"
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
