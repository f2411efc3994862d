import pytest

from tests.operator_shell import OperatorShell
from tests.site import Site


@pytest.fixture
def shell(site: Site) -> OperatorShell:
    """A shell at a site of the test's own, where no daemon runs yet."""
    return OperatorShell(site)
