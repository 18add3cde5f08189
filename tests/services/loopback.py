"""A network of one machine: what runs in it reaches nothing else, and nothing else reaches it.

Beam's job servers listen on all addresses, whatever they are told, so that the engines of the tests
run where loopback is all that there is. The kernel makes such a network for any user (a user and a
network namespace); where it is told not to, a test is skipped, but fails on CI.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from .machine import miss

_HOLD = """
import fcntl, socket, struct, sys
fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh14x", b"lo", 0x41))  # SIOCSIFFLAGS: up
print("up", flush=True)
sys.stdin.read()
"""


@contextmanager
def run_loopback() -> Iterator[list[str]]:
    """What stands before a command so that it runs in the network, which ends with the block."""
    try:
        process = subprocess.Popen(
            ["unshare", "-rn", sys.executable, "-S", "-c", _HOLD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
    except FileNotFoundError:
        miss("no unshare on PATH (util-linux)")
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        if process.stdout.readline() != "up\n":
            miss("the kernel makes no network namespace (unshare -rn)")
        namespace = ["nsenter", "-t", str(process.pid), "-U", "-n", "--preserve-credentials"]
        try:
            yield namespace
        finally:
            process.stdin.close()
