"""What all tests of the finder need."""

from collections.abc import Iterator

import pytest

from tamis.nir.vectorized import scan


@pytest.fixture(scope="package", autouse=True)
def read_as_columns_however_few() -> Iterator[None]:
    """Read few rows as columns too, so that short examples hold columns against the rules."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "_FEW_ROWS", 0)
        yield
