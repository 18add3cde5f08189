"""`minimize` against a record-by-record oracle, and properties that hold for any plan and rows."""
from ..strategies import feeds
def test_x(): assert feeds
