"""For tests of `plan`."""

from ..projects import make_project as make_project
