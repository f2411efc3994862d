"""Each third-party library has one home: to change it for another is to change one folder."""

import grimp
import pytest

HOMES = {
    "anyio": {"zoho"},
    "apscheduler": {"engine"},
    "click": {"cli"},
    "cryptography": {"operations"},
    "httpx": {"doctor", "reader", "zoho"},
    "httpx2": {"kubernetes"},
    "hvac": {"reader", "vault"},
    "jinja2": {"web"},
    "lightkube": {"kubernetes"},
    "msgspec": {"kubernetes"},
    "prometheus_client": {"telemetry"},
    "pydantic": {"settings"},
    "pydantic_core": {"settings"},
    "requests": {"reader", "vault"},
    "rich": {"demo"},
    "starlette": {"web"},
    "structlog": {"telemetry"},
    "uvicorn": {"web"},
    "yaml": {"kubernetes"},
    "zohocrmsdk": {"reader"},
}


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("zoho_tokend", include_external_packages=True, cache_dir=None)


@pytest.mark.parametrize("library", HOMES)
def test_a_library_is_imported_in_its_home_alone(graph: grimp.ImportGraph, library: str) -> None:
    rooms = {module.split(".")[1] for module in graph.find_modules_that_directly_import(library)}
    assert rooms == HOMES[library]
