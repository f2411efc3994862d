import json

import pytest

from tests.fuzzing.campaign import fuzz
from tests.fuzzing.targets import CRM, TARGETS
from tests.support.samples.builders import a_record
from zoho_tokend.vault import codec

pytest.importorskip("atheris", reason="the fuzzer has no package for this machine")

# Inputs that were not survived before.
_FELL = [
    ("simulator_form", b"Basic \xff\na=b"),
    ("settings", "ZOHO_TOKEND_\u00df=1".encode()),
    ("token_record", json.dumps(codec.token_fields(a_record(CRM)) | {"expires_at": "0226-11-24T13:00:00Z"}).encode()),
]
# The same inputs every time: `make fuzz` tries others.
_SEED = 1
_LONGEST = 300
_SLOW = {"settings", "status_page", "simulator_form", "consent_answers"}


@pytest.mark.parametrize("target", TARGETS)
def test_it_survives_thousands_of_inputs_that_nobody_chose(target: str) -> None:
    campaign = fuzz(target, runs=400 if target in _SLOW else 10_000, seed=_SEED, seconds=_LONGEST)

    assert not campaign.failure, f"{campaign.failure}\nagain: {campaign.replay}"
    assert campaign.branches > 0


@pytest.mark.parametrize(("target", "data"), _FELL)
def test_it_survives_what_it_once_fell_over(target: str, data: bytes) -> None:
    TARGETS[target](data)


def test_a_parser_that_condemns_too_easily_is_found_out() -> None:
    campaign = fuzz("token_answer", runs=50_000, seed=_SEED, seconds=_LONGEST, module="tests.fuzzing.hasty")

    assert "condemns as GrantRejected" in campaign.failure
