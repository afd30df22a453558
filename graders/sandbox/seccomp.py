"""Which system calls does a notebook never need? A filter that bubblewrap loads.

Namespaces take away the files and the network, not the kernel's own doors: keyrings that are not
shut in, tracing, new namespaces, io_uring, foreign socket families. The list follows what
container engines deny by default. The program is classic BPF as in the kernel's documentation,
"Seccomp BPF"; libseccomp would be one more library that a server may lack.
"""

from __future__ import annotations

import errno
import platform
import struct

ALLOW = 0x7FFF0000
REFUSE = 0x00050000  # with the error number in the low half
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, MACHINE, ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data

X32_BIT = 0x40000000
CLONE_NEWUSER = 0x10000000
FAMILIES = (1, 2, 10, 16)  # unix, inet, inet6, netlink
TERMINAL_INPUT = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX

DENIED = {
    "x86_64": {
        "ptrace": 101, "syslog": 103, "modify_ldt": 154, "pivot_root": 155, "chroot": 161,
        "acct": 163, "mount": 165, "umount2": 166, "swapon": 167, "swapoff": 168, "reboot": 169,
        "iopl": 172, "ioperm": 173, "init_module": 175, "delete_module": 176, "quotactl": 179,
        "kexec_load": 246, "add_key": 248, "request_key": 249, "keyctl": 250, "unshare": 272,
        "perf_event_open": 298, "name_to_handle_at": 303, "open_by_handle_at": 304, "setns": 308,
        "process_vm_readv": 310, "process_vm_writev": 311, "finit_module": 313,
        "kexec_file_load": 320, "bpf": 321, "userfaultfd": 323,
    },
    "aarch64": {
        "umount2": 39, "mount": 40, "pivot_root": 41, "chroot": 51, "quotactl": 60, "acct": 89,
        "unshare": 97, "kexec_load": 104, "init_module": 105, "delete_module": 106,
        "syslog": 116, "ptrace": 117, "reboot": 142, "add_key": 217, "request_key": 218,
        "keyctl": 219, "swapon": 224, "swapoff": 225, "perf_event_open": 241,
        "name_to_handle_at": 264, "open_by_handle_at": 265, "setns": 268,
        "process_vm_readv": 270, "process_vm_writev": 271, "finit_module": 273, "bpf": 280,
        "userfaultfd": 282, "kexec_file_load": 294,
    },
}  # fmt: skip
DENIED_ALIKE = {  # newer calls have one number on every machine
    "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428,
    "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433,
    "mount_setattr": 442, "quotactl_fd": 443,
}  # fmt: skip
CLONE3 = 435
LOOKED_INTO = {
    "x86_64": {"socket": 41, "clone": 56, "ioctl": 16},
    "aarch64": {"socket": 198, "clone": 220, "ioctl": 29},
}
MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


def program(machine: str = "") -> bytes:
    """The filter for this kind of machine (`platform.machine()`); empty when it is not known."""
    machine = machine or platform.machine()
    if machine not in MACHINES:
        return b""
    refused = REFUSE | errno.EPERM
    calls = LOOKED_INTO[machine]
    lines = [
        _load(MACHINE),
        *_when(EQUAL, MACHINES[machine], otherwise=[_return(refused)]),
        _load(NUMBER),
        *_when(AT_LEAST, X32_BIT, then=[_return(refused)]),
        # Its flags lie in memory, where a filter cannot look; libraries fall back to clone.
        *_when(EQUAL, CLONE3, then=[_return(REFUSE | errno.ENOSYS)]),
    ]
    for number in (*DENIED[machine].values(), *DENIED_ALIKE.values()):
        lines += _when(EQUAL, number, then=[_return(refused)])
    family = [_load(_argument(0))]
    for known in FAMILIES:
        family += _when(EQUAL, known, then=[_return(ALLOW)])
    family.append(_return(REFUSE | errno.EAFNOSUPPORT))
    lines += _when(EQUAL, calls["socket"], then=family)
    spaces = [
        _load(_argument(0)),
        *_when(ANY_BIT, CLONE_NEWUSER, then=[_return(refused)]),
        _return(ALLOW),
    ]
    lines += _when(EQUAL, calls["clone"], then=spaces)
    terminal = [_load(_argument(1))]
    for request in TERMINAL_INPUT:
        terminal += _when(EQUAL, request, then=[_return(refused)])
    lines += _when(EQUAL, calls["ioctl"], then=[*terminal, _return(ALLOW)])
    return b"".join([*lines, _return(ALLOW)])


def _argument(position: int) -> int:
    """Offset of the low half of an argument, on a little-endian machine."""
    return ARGUMENTS + 8 * position


def _load(offset: int) -> bytes:
    return struct.pack("=HBBI", LOAD, 0, 0, offset)


def _return(value: int) -> bytes:
    return struct.pack("=HBBI", RETURN, 0, 0, value)


def _when(
    test: int, value: int, *, then: list[bytes] | None = None, otherwise: list[bytes] | None = None
) -> list[bytes]:
    """Run `then` when the test holds, or `otherwise` when it does not; exactly one is given."""
    if then is not None:
        return [struct.pack("=HBBI", test, 0, len(then), value), *then]
    assert otherwise is not None
    return [struct.pack("=HBBI", test, len(otherwise), 0, value), *otherwise]
