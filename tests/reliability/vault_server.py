"""Vault's servers go away, and come back."""

import signal
from contextlib import suppress
from pathlib import Path

import trustme

from tests.reliability.hall import Hall
from tests.reliability.scenario import Scenarios
from tests.reliability.stage import Stage
from tests.reliability.surroundings import small_disk
from tests.support.servers.raft import Tls

SCENARIOS = Scenarios()


@SCENARIOS.scenario("OpenBao is killed, and started again later", hides_vault=True)
def openbao_killed(hall: Hall) -> Stage:
    vault = hall.vault()
    stage = hall.stage(hall.site(vault))
    with stage.fault():
        vault.send(signal.SIGKILL)
        stage.sit_it_out()
        vault.start()
    return stage


@SCENARIOS.scenario("OpenBao is sealed, and unsealed later", hides_vault=True)
def openbao_sealed(hall: Hall) -> Stage:
    vault = hall.vault()
    stage = hall.stage(hall.site(vault))
    with stage.fault():
        vault.seal()
        stage.sit_it_out()
        assert "is sealed" in stage.daemon.out
        vault.unseal()
    return stage


@SCENARIOS.scenario("OpenBao is restarted", hides_vault=True)
def openbao_restarted(hall: Hall) -> Stage:
    vault = hall.vault()
    stage = hall.stage(hall.site(vault))
    with stage.fault():
        vault.send(signal.SIGTERM)
        vault.start()
    return stage


@SCENARIOS.scenario("Three Raft nodes lose their leader for good", hides_vault=True)
def raft_leader_lost(hall: Hall) -> Stage:
    nodes = hall.cluster()
    stage = hall.stage(hall.site(hall.balanced(nodes)))
    with stage.fault():
        nodes.pop(0).send(signal.SIGKILL)
        hall.until(lambda: any(node.leads() for node in nodes), "there is a new leader")
    return stage


@SCENARIOS.scenario("Three Raft nodes lose their quorum, and find it again later", hides_vault=True)
def raft_quorum_lost(hall: Hall) -> Stage:
    nodes = hall.cluster()
    stage = hall.stage(hall.site(hall.balanced(nodes)))
    with stage.fault():
        lost = nodes[:2]
        for node in lost:
            node.send(signal.SIGKILL)
        stage.sit_it_out()
        for node in lost:
            node.start()
    return stage


@SCENARIOS.scenario("OpenBao's disk is full, and gets room later", hides_vault=True)
def disk_full(hall: Hall) -> Stage:
    disk = hall.after.enter_context(small_disk(hall.folder, mebibytes=128))
    stage = hall.stage(hall.site(hall.vault(data=disk / "data")))
    with stage.fault():
        filling = fill(disk)
        stage.sit_it_out()
        filling.unlink()
    return stage


@SCENARIOS.scenario(
    "OpenBao's certificate is one of another authority, whose bundle reaches the daemon later", hides_vault=True
)
def certificate_replaced(hall: Hall) -> Stage:
    old, new = trustme.CA(), trustme.CA()
    everyones, daemons = hall.folder / "everyones.pem", hall.folder / "daemons.pem"
    everyones.write_bytes(old.cert_pem.bytes() + new.cert_pem.bytes())
    daemons.write_bytes(old.cert_pem.bytes())
    tls = Tls(certificate=hall.folder / "vault.pem", key=hall.folder / "vault.key", authority=everyones)
    certify(tls, old)
    vault = hall.vault(tls=tls)
    stage = hall.stage(hall.site(vault), VAULT_CACERT=str(daemons))
    with stage.fault():
        certify(tls, new)
        vault.send(signal.SIGTERM)
        vault.start()
        stage.sit_it_out()
        assert f"{daemons} (VAULT_CACERT)" in stage.daemon.out
        daemons.write_bytes(new.cert_pem.bytes())
    return stage


def certify(tls: Tls, authority: trustme.CA) -> None:
    """The server's certificate is this authority's, from its next start on."""
    certificate = authority.issue_cert("127.0.0.1")
    certificate.cert_chain_pems[0].write_to_path(str(tls.certificate))
    certificate.private_key_pem.write_to_path(str(tls.key))


def fill(disk: Path) -> Path:
    """There is no room left on the disk; what takes it is this file."""
    filling = disk / "filling"
    with filling.open("wb") as file, suppress(OSError):
        while True:
            file.write(bytes(1 << 16))
            file.flush()
    return filling
