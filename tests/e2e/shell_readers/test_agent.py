"""`deploy/readers/agent.hcl` and the injector's templates, with the real agent."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from stat import S_IMODE

import httpx
import yaml

from tests.support.documents.reader_rows import READERS
from tests.support.places.default_site import CONNECTION, DefaultSite
from tests.support.places.site import BRISK

BAO = Path(sys.executable).with_name("bao")
PATIENCE = 120.0
HEADER = re.compile(r"Authorization: (Zoho-oauthtoken \S+)\n")
INJECT = "vault.hashicorp.com/agent-inject-template-"


def shipped_agent(folder: Path) -> Path:
    """The shipped files, with these folders in the place of /etc and /run, and a poll period of one second."""
    (folder / "etc").mkdir()
    (folder / "etc" / "header.ctmpl").write_bytes((READERS / "header.ctmpl").read_bytes())
    config = (READERS / "agent.hcl").read_text()
    settings = "\n".join(line for line in config.splitlines() if not line.startswith("#"))
    for shipped, here, times in (
        ('"/etc/zoho-reader/', f'"{folder}/etc/', 3),
        ('"/run/zoho-reader/', f'"{folder}/run/', 2),
        ('static_secret_render_interval = "5m"', 'static_secret_render_interval = "1s"', 1),
    ):
        assert settings.count(shipped) == times
        settings = settings.replace(shipped, here)
    (folder / "agent.hcl").write_text(settings)
    return folder / "agent.hcl"


@contextmanager
def agent(config: Path, here: DefaultSite) -> Iterator["subprocess.Popen[bytes]"]:
    """An agent that runs until the block ends, at the latest; what it says stands beside its configuration."""
    environment = {"BAO_ADDR": here.address, "HOME": str(config.parent)}
    with (
        config.with_suffix(".log").open("wb") as log,
        subprocess.Popen([BAO, "agent", f"-config={config}"], env=environment, stdout=log, stderr=log) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()


def replacements(file: Path, count: int) -> Iterator[str]:
    """What stands in the file, each time that it is something new."""
    deadline, last = time.monotonic() + PATIENCE, ""
    while count:
        assert time.monotonic() < deadline
        text = file.read_text() if file.exists() else ""
        if text != last:
            yield text
            count, last = count - 1, text
        time.sleep(0.02)


def accepted(here: DefaultSite, header: str) -> bool:
    url = f"{here.site.zoho.eu.api_domain}/crm/v8/org"
    return httpx.get(url, headers={"Authorization": header}, trust_env=False, timeout=60).is_success


def test_the_agent_follows_three_replacements(brisk: DefaultSite, tmp_path: Path) -> None:
    config = shipped_agent(tmp_path)
    brisk.put_role_id(tmp_path / "etc")
    file = tmp_path / "run" / "header"
    with brisk.site.daemon(**BRISK) as daemon:
        daemon.until_state(CONNECTION, "fresh")
        with agent(config, brisk):
            seen = []
            for text in replacements(file, 1 + 3):
                line = HEADER.fullmatch(text)
                assert line
                assert accepted(brisk, line[1])
                seen.append(line[1])
    published = [version["authorization"] for version in brisk.site.token_versions(CONNECTION)]
    assert seen == [header for header in published if header in seen]
    assert S_IMODE(file.stat().st_mode) == 0o600
    assert (tmp_path / "run" / "api_domain").read_text() == brisk.record()["api_domain"]


def injected() -> Mapping[str, str]:
    """The templates that the shipped annotations give to the agent, by the name of the file."""
    manifest = yaml.safe_load((READERS / "vault-agent-injector.yaml").read_text())
    annotations = manifest["spec"]["template"]["metadata"]["annotations"]
    return {name.removeprefix(INJECT): text for name, text in annotations.items() if name.startswith(INJECT)}


def test_the_injectors_templates_are_rendered_by_the_agent(here: DefaultSite, tmp_path: Path) -> None:
    here.publish()
    here.put_role_id(tmp_path)
    ids = {"role_id_file_path": f"{tmp_path}/role-id", "secret_id_file_path": f"{tmp_path}/secret-id"}
    config = {
        "exit_after_auth": True,
        "auto_auth": {"method": [{"type": "approle", "config": ids}]},
        "template": [{"contents": text, "destination": f"{tmp_path}/{name}"} for name, text in injected().items()],
    }
    (tmp_path / "agent.json").write_text(json.dumps(config))
    with agent(tmp_path / "agent.json", here) as process:
        assert process.wait(PATIENCE) == 0
    record = here.record()
    assert {name: (tmp_path / name).read_text() for name in injected()} == {
        "header": f"Authorization: {record['authorization']}\n",
        "api_domain": f"{record['api_domain']}\n",
    }
