"""What listeners are told in tests."""

from tamis.telemetry.listener import Commit, StartedRun

from ..streams.made import POLICY, RELEASE, SOURCE, STREAM, plan

STREAMING = StartedRun(plan(), STREAM, (SOURCE,), "store", is_stream=True)
COMMIT = Commit("essai-1", 10, 6, 1, {"unreadable": 1, "nir-leak": 2}, {RELEASE: 6}, 0.03)

__all__ = ["COMMIT", "POLICY", "RELEASE", "STREAMING"]
