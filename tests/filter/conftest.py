"""What all tests of the filter need."""

from collections.abc import Iterator

import pytest

from tamis.filter.gate import sieve


@pytest.fixture(scope="package", autouse=True)
def sieved_however_few() -> Iterator[None]:
    """Sieve columns of few values too, so that short examples try the sieve's patterns."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sieve, "_FEW", 0)
        yield
