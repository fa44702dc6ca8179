package confined

import (
	"os"
	"strconv"
	"strings"
	"time"
	"unsafe"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"golang.org/x/sys/unix"
)

// maxCPU is the computing time of a child in all, in seconds: a child whose parent was killed in the middle of a
// request ends by itself.
const maxCPU = 900

// allowed are the system calls that the Go runtime and the C library need in a program that computes, and reads and
// writes what is open.
var allowed = []string{
	"read", "write", "close", "exit", "exit_group", "brk", "munmap", "mremap", "madvise", "epoll_pwait", "futex",
	"nanosleep", "clock_nanosleep", "clock_gettime", "gettimeofday", "sched_yield", "sched_getaffinity", "getrandom",
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall", "gettid", "getpid",
	"set_robust_list", "rseq", "membarrier",
}

// confine takes from this process what a decoder does not need. It says why there is no filter of system calls, where
// there is none; the other limits hold in any case.
func confine() error {
	// The runtime opens what its timers need, unless it has already; the memory scavenger has one.
	time.Sleep(time.Nanosecond)
	closeDescriptors()
	for resource, limit := range map[int]uint64{
		unix.RLIMIT_DATA: hardMemory, unix.RLIMIT_CPU: maxCPU, unix.RLIMIT_NOFILE: 0, unix.RLIMIT_FSIZE: 0,
		unix.RLIMIT_CORE: 0,
	} {
		if resource != unix.RLIMIT_DATA || !raced {
			_ = unix.Setrlimit(resource, &unix.Rlimit{Cur: limit, Max: limit})
		}
	}
	return seccomp.LoadFilter(filter())
}

// closeDescriptors closes all but standard input and output, and the epoll and event descriptors of the runtime. The
// parent leaves no other open, as long as each that it has is closed on exec.
func closeDescriptors() {
	const dir = "/proc/self/fd"
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, entry := range entries {
		target, _ := os.Readlink(dir + "/" + entry.Name())
		fd, err := strconv.Atoi(entry.Name())
		if err == nil && fd >= 2 && !strings.HasPrefix(target, "anon_inode:[event") {
			_ = unix.Close(fd)
		}
	}
}

// filter is the policy for system calls. What is not allowed fails with EPERM: the runtime survives that, and so does a
// file's report.
func filter() seccomp.Filter {
	self := uint64(unix.Getpid())
	noCode := seccomp.ArgumentConditions{{Argument: 2, Operation: seccomp.BitsNotSet, Value: unix.PROT_EXEC}}
	return seccomp.Filter{NoNewPrivs: true, Flag: seccomp.FilterFlagTSync, Policy: seccomp.Policy{
		DefaultAction: seccomp.ActionErrno,
		Syscalls: []seccomp.SyscallGroup{
			{Action: seccomp.ActionAllow, Names: allowed, NamesWithCondtions: []seccomp.NameWithConditions{
				{Name: "mmap", Conditions: noCode},
				{Name: "mprotect", Conditions: noCode},
				{Name: "clone", Conditions: seccomp.ArgumentConditions{{Argument: 0, Operation: seccomp.BitsSet,
					Value: unix.CLONE_THREAD}}},
				// Preemption.
				{Name: "tgkill", Conditions: seccomp.ArgumentConditions{{Argument: 0, Operation: seccomp.Equal,
					Value: self}}},
			}},
			// The C library falls back to clone, whose flags a filter can see.
			{Action: seccomp.Action(unix.SECCOMP_RET_ERRNO | unix.ENOSYS), Names: []string{"clone3"}},
		},
	}}
}

// Rights that Landlock knows, by the version of its interface that has them (landlock(7)). Reading and executing stay:
// the child's own program must be loaded.
const (
	landlockFiles = unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_REMOVE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE |
		unix.LANDLOCK_ACCESS_FS_MAKE_CHAR | unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_MAKE_REG |
		unix.LANDLOCK_ACCESS_FS_MAKE_SOCK | unix.LANDLOCK_ACCESS_FS_MAKE_FIFO | unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK |
		unix.LANDLOCK_ACCESS_FS_MAKE_SYM
	landlockNet    = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
	landlockScoped = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL
)

// restrictThread keeps this thread, and the processes that it starts, from ever gaining privileges, changing files and,
// where the kernel has Landlock, using TCP and signalling others. There is no way back, so the thread must be thrown
// away.
func restrictThread() {
	_ = unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	version, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return
	}
	rules := landlockRules(int(version))
	ruleset, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&rules)),
		unsafe.Sizeof(rules), 0)
	if errno != 0 {
		return
	}
	_, _, _ = unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, ruleset, 0, 0)
	_ = unix.Close(int(ruleset))
}

func landlockRules(version int) unix.LandlockRulesetAttr {
	rules := unix.LandlockRulesetAttr{Handled_access_fs: landlockFiles}
	if version >= 2 {
		rules.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if version >= 3 {
		rules.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if version >= 4 {
		rules.Handled_access_net = landlockNet
	}
	if version >= 5 {
		rules.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	}
	if version >= 6 {
		rules.Scoped = landlockScoped
	}
	return rules
}
