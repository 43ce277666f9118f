import pytest

from analytics_pipeline_tests.metrics.raw_files import RawLake


@pytest.fixture(params=["generated", "sample"])
def raw(request: pytest.FixtureRequest) -> RawLake:
    """Each of the two lakes."""
    found: RawLake = request.getfixturevalue(request.param)
    return found
