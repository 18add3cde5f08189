"""Beam's Prism runner: one binary, which `go` builds from the Go module proxy.

It is built once for all tests of a user (`~/.cache/tamis-tests`), from 120 MB of sources that go
into Go's own module cache. `apt-get` installs Go where the tests run as root.
Where it cannot be built a test is skipped, but fails on CI.
"""

from pathlib import Path

from .machine import build_go

PRISM = "2.77.0"
"""Version of the runner."""


def find_prism() -> Path:
    """The runner's binary, built first where it is not there yet."""
    return build_go("github.com/apache/beam/sdks/v2/go/cmd/prism", PRISM)
