import pytest

from tests.support.people.operator_shell import OperatorShell
from tests.support.places.site import Site


@pytest.fixture
def shell(site: Site) -> OperatorShell:
    """A shell at a site of the test's own, where no daemon runs yet."""
    return OperatorShell(site)
