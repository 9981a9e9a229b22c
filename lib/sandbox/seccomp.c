/* SPDX-License-Identifier: Apache-2.0 */
#include "internal.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The numbers below mean what they do on this machine only. */
#if defined(__x86_64__) && !defined(__ILP32__)
#	define MACHINE AUDIT_ARCH_X86_64
#elif defined(__i386__)
#	define MACHINE AUDIT_ARCH_I386
#elif defined(__aarch64__) && defined(__AARCH64EL__)
#	define MACHINE AUDIT_ARCH_AARCH64
#elif defined(__arm__) && defined(__ARMEL__) && defined(__ARM_EABI__)
#	define MACHINE AUDIT_ARCH_ARM
#elif defined(__riscv) && __riscv_xlen == 64
#	define MACHINE AUDIT_ARCH_RISCV64
#endif

#ifndef MACHINE

bool pkg_seccomp_exists(void)
{
	return false;
}

enum pkg_code pkg_seccomp_enter(bool files, struct pkg_err *err)
{
	(void)files;
	return pkg_fail(err, PKG_INTERNAL, "no filter for this machine");
}

#else

/* Always: descriptors that are open, memory, threads, time, the end. */
static const int always[] = {
    SYS_read,
    SYS_readv,
    SYS_pread64,
    SYS_write,
    SYS_writev,
    SYS_pwrite64,
    SYS_lseek,
    SYS_close,
    SYS_fcntl,
    SYS_fsync,
    SYS_fdatasync,
    SYS_ftruncate,
    SYS_fallocate,
#	ifdef SYS_sync_file_range
    SYS_sync_file_range,
#	endif
#	ifdef SYS_arm_sync_file_range
    SYS_arm_sync_file_range,
#	endif
    SYS_ppoll,
    SYS_statx,
    SYS_munmap,
    SYS_mremap,
    SYS_madvise,
    SYS_brk,
    SYS_mlock,
    SYS_munlock,
    SYS_futex,
    SYS_set_robust_list,
    SYS_rseq,
    SYS_sched_yield,
    SYS_sched_getaffinity,
    SYS_gettid,
    SYS_getpid,
    SYS_getrandom,
    SYS_clock_gettime,
    SYS_clock_nanosleep,
    SYS_nanosleep,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_restart_syscall,
    SYS_sigaltstack,
    SYS_exit,
    SYS_exit_group,
/* Names that not every machine has, or has under another one. */
#	ifdef SYS_fstat
    SYS_fstat,
#	endif
#	ifdef SYS_newfstatat
    SYS_newfstatat,
#	endif
#	ifdef SYS_fstat64
    SYS_fstat64,
    SYS_fstatat64,
#	endif
#	ifdef SYS__llseek
    SYS__llseek,
#	endif
#	ifdef SYS_fcntl64
    SYS_fcntl64,
#	endif
#	ifdef SYS_ftruncate64
    SYS_ftruncate64,
#	endif
#	ifdef SYS_fadvise64
    SYS_fadvise64,
#	endif
#	ifdef SYS_arm_fadvise64_64
    SYS_arm_fadvise64_64,
#	endif
#	ifdef SYS_poll
    SYS_poll,
#	endif
#	ifdef SYS_time
    SYS_time,
#	endif
#	ifdef SYS_gettimeofday
    SYS_gettimeofday,
#	endif
#	ifdef SYS_sigreturn
    SYS_sigreturn,
#	endif
#	ifdef SYS_clock_gettime64
    SYS_clock_gettime64,
    SYS_clock_nanosleep_time64,
    SYS_futex_time64,
    SYS_ppoll_time64,
#	endif
};

/* If there is a folder to write in. */
static const int with_files[] = {
    SYS_openat,    SYS_mkdirat, SYS_unlinkat,   SYS_renameat2,  SYS_linkat,
    SYS_faccessat, SYS_fchmod,  SYS_getdents64, SYS_faccessat2, SYS_geteuid,
#	ifdef SYS_renameat
    SYS_renameat,
#	endif
#	ifdef SYS_access
    SYS_access,
#	endif
#	ifdef SYS_geteuid32
    SYS_geteuid32,
#	endif
#	ifdef SYS_flock
    SYS_flock,
#	endif
#	ifdef SYS_fstatfs
    SYS_fstatfs,
#	endif
};

/* What the leak checker does at the end of a sanitized program. */
static const int sanitized[] = {
    SYS_openat,     SYS_getdents64, SYS_ptrace,   SYS_wait4,    SYS_prctl,
    SYS_readlinkat, SYS_clone,      SYS_mprotect, SYS_getppid,  SYS_tgkill,
    SYS_mmap,       SYS_kill,
#	ifdef SYS_readlink
    SYS_readlink,
#	endif
#	ifdef SYS_open
    SYS_open,       SYS_stat,       SYS_lstat,    SYS_getdents, SYS_pipe,
#	endif
};

/* Room for both lists and the rest, of which there is less than 64. */
enum {
	ALLOWED = sizeof(always) / sizeof(always[0]) +
		  sizeof(with_files) / sizeof(with_files[0]) +
		  sizeof(sanitized) / sizeof(sanitized[0]),
	PROGRAM = 2 * ALLOWED + 64
};

struct program {
	struct sock_filter code[PROGRAM];
	unsigned short len;
};

/* A statement; what it jumps over is counted from the next one. */
static void add(struct program *p, unsigned code, unsigned k, unsigned yes,
		unsigned no)
{
	p->code[p->len++] = (struct sock_filter){
	    (unsigned short)code, (unsigned char)yes, (unsigned char)no, k};
}

static void load(struct program *p, size_t offset)
{
	add(p, BPF_LD | BPF_W | BPF_ABS, (unsigned)offset, 0, 0);
}

/* The lower half of an argument: all machines above are little-endian. */
static void load_argument(struct program *p, unsigned index)
{
	load(p, offsetof(struct seccomp_data, args) + 8UL * index);
}

static void answer(struct program *p, unsigned what)
{
	add(p, BPF_RET | BPF_K, what, 0, 0);
}

static void refuse(struct program *p, int number)
{
	answer(p, SECCOMP_RET_ERRNO | (unsigned)number);
}

/* The call's number is loaded: allow it if it is in the list. */
static void allow_all(struct program *p, const int *calls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		add(p, BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i], 0, 1);
		answer(p, SECCOMP_RET_ALLOW);
	}
}

/* Allow @call unless argument @index has one of @bits; or only then. */
static void allow_bits(struct program *p, int call, unsigned index,
		       unsigned bits, bool wanted)
{
	add(p, BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 4);
	load_argument(p, index);
	add(p, BPF_JMP | BPF_JSET | BPF_K, bits, wanted ? 1 : 0,
	    wanted ? 0 : 1);
	refuse(p, EPERM);
	answer(p, SECCOMP_RET_ALLOW);
}

/* Allow @call if argument @index is @value. */
static void allow_value(struct program *p, int call, unsigned index,
			unsigned value)
{
	add(p, BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 4);
	load_argument(p, index);
	add(p, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
	answer(p, SECCOMP_RET_ALLOW);
	load(p, offsetof(struct seccomp_data, nr));
}

static void write_program(struct program *p, bool files)
{
	load(p, offsetof(struct seccomp_data, arch));
	add(p, BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0);
	refuse(p, EPERM);
	load(p, offsetof(struct seccomp_data, nr));
	allow_all(p, always, sizeof(always) / sizeof(always[0]));
	if (files)
		allow_all(p, with_files,
			  sizeof(with_files) / sizeof(with_files[0]));
	if (SANDBOX_SANITIZED)
		allow_all(p, sanitized,
			  sizeof(sanitized) / sizeof(sanitized[0]));
#	ifdef SYS_mmap2
	/* SYS_mmap is an older one then, with other arguments. */
	allow_bits(p, SYS_mmap2, 2, PROT_EXEC, false);
#	else
	allow_bits(p, SYS_mmap, 2, PROT_EXEC, false);
#	endif
	allow_bits(p, SYS_mprotect, 2, PROT_EXEC, false);
	/* Threads, no processes.  The flags of clone3() cannot be looked at;
	   the C library falls back when it does not exist. */
	allow_bits(p, SYS_clone, 0, CLONE_THREAD, true);
#	ifdef SYS_clone3
	add(p, BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1);
	refuse(p, ENOSYS);
#	endif
	/* Is it a terminal, and how wide? */
	allow_value(p, SYS_ioctl, 1, TCGETS);
	allow_value(p, SYS_ioctl, 1, TIOCGWINSZ);
	/* What was typed before a question is no answer to it. */
	allow_value(p, SYS_ioctl, 1, TCFLSH);
	/* raise() and abort() */
	allow_value(p, SYS_tgkill, 0, (unsigned)getpid());
	refuse(p, EPERM);
}

bool pkg_seccomp_exists(void)
{
	const unsigned action = SECCOMP_RET_ERRNO;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0U, &action) == 0;
}

enum pkg_code pkg_seccomp_enter(bool files, struct pkg_err *err)
{
	struct program p = {.len = 0};
	struct sock_fprog filter = {.filter = p.code};
	long stuck = 0;

	write_program(&p, files);
	filter.len = p.len;
	stuck = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			SECCOMP_FILTER_FLAG_TSYNC, &filter);
	if (stuck < 0)
		return pkg_fail_os(err, errno, "cannot filter system calls");
	if (stuck > 0)
		return pkg_fail(err, PKG_INTERNAL,
				"a thread cannot be given the filter");
	return PKG_OK;
}

#endif
