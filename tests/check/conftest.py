"""For tests of `check`."""

from ..projects import make_project as make_project
