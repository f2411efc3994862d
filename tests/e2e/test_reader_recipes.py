"""The recipes of docs/readers.md, each run as a job of its own against a real Vault and the simulated CRM."""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import zoho_tokend
from tests.support.places.job_site import JobSite, a_job_site
from tests.support.servers.openbao import Corner

PAGE = (Path(__file__).parents[2] / "docs" / "readers.md").read_text()
NOT_RUN = "(no test runs this)"


def recipes() -> Mapping[str, str]:
    """Each block of Python by its heading."""
    return dict(re.findall(r"^### ([^\n]+)\n+```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE))


RECIPES = recipes()


@pytest.fixture
def site(corner: Corner) -> Iterator[JobSite]:
    with a_job_site(corner) as site:
        yield site


@pytest.mark.parametrize("recipe", [name for name in RECIPES if not name.endswith(NOT_RUN)])
def test_a_recipe_works_as_it_stands(recipe: str, site: JobSite) -> None:
    corner = site.shelves.corner
    environment = {
        "PYTHONPATH": str(Path(zoho_tokend.__file__).parent.parent),
        "VAULT_ADDR": corner.address,
        "VAULT_TOKEN": site.shelves.vault_token().reveal(),
        "ZOHO_TOKEND_MOUNT": corner.mount,
    }
    # A job that keeps its reader to the end closes no connection by itself.
    job = [sys.executable, "-W", "error", "-W", "ignore::ResourceWarning", "-c", RECIPES[recipe]]
    done = subprocess.run(job, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Tidewater Looms" in done.stdout or site.zoho.eu.api_domain in done.stdout
    assert "1000." not in done.stdout


@pytest.mark.parametrize("recipe", [name for name in RECIPES if name.endswith(NOT_RUN)])
def test_a_recipe_that_is_not_run_is_python_at_least(recipe: str) -> None:
    compile(RECIPES[recipe], recipe, "exec")


def test_every_block_of_python_is_a_recipe() -> None:
    assert len(RECIPES) == PAGE.count("```python")
