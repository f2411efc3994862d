"""The targets: each takes any bytes, and fails where the product answers with anything but what it documents."""

from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from typing import Final
from urllib.parse import parse_qsl

from tests.fuzzing.verdicts import check_verdict
from tests.support.samples.fact_samples import NOON, a_daemon, a_row
from tests.support.samples.web_sources import READY
from tests.support.stand_ins.fakes import zoho_location
from zoho_simulator.rules.messages import Request
from zoho_simulator.rules.routes import ACCOUNTS
from zoho_simulator.zoho import Zoho
from zoho_tokend.core.errors import BadSettings, RecordUnreadable, RefreshError, TokendError
from zoho_tokend.core.model import ConnectionName
from zoho_tokend.core.origin import parse_origin
from zoho_tokend.core.policy import LARGEST_SKEW, LONGEST_LIFE
from zoho_tokend.operations.import_rows import Unreadable, format_of, rows
from zoho_tokend.reader.errors import ReaderError
from zoho_tokend.reader.record import token_of
from zoho_tokend.settings.loading import load_settings
from zoho_tokend.vault import codec, registration_codec
from zoho_tokend.vault.layout import LARGEST_RECORD
from zoho_tokend.vault.record_fields import RecordFields
from zoho_tokend.vault.response import VaultResponse as VaultAnswer
from zoho_tokend.vault.response import parse_response
from zoho_tokend.web.listing import Selection, parse_selection, promise, select
from zoho_tokend.web.page import View, page
from zoho_tokend.zoho import device, exchange, proof, revocation, serverinfo, wire
from zoho_tokend.zoho.consent import consent_request, grant_code
from zoho_tokend.zoho.datacenters import AccountsServers
from zoho_tokend.zoho.response import ZohoResponse, clock_skew

Target = Callable[[bytes], None]

CRM: Final = ConnectionName("crm-prod")
_STATUSES: Final = (200, 201, 204, 301, 302, 400, 401, 403, 404, 412, 429, 472, 473, 500, 501, 502, 503, 599)
_SERVERS: Final = AccountsServers()
_REQUEST: Final = consent_request(
    accounts_server=parse_origin("https://accounts.zoho.eu"),
    client_id="1000.CLIENT",
    scope="ZohoCRM.modules.ALL",
    redirect_uri="https://example.com/callback",
    random_bytes=bytes,
)
_ZOHO: Final = Zoho({"eu": "http://127.0.0.1:1", "us": "http://127.0.0.1:2"})
# Nested deeper and longer than any input that the fuzzer makes up.
_LONG: Final = {
    b"#deepest": b"[" * 20_000 + b"]" * 20_000,
    b"#deep": b"[" * 1_100 + b"]" * 1_100,
    b"#digits": b"9" * 400,
    b"#more-digits": b"9" * 4_400,
    b"#long": b'"' + b"x" * 5_000 + b'"',
}
_PATHS: Final = (*ACCOUNTS, "/crm/v8/org", "/crm/v8/Leads", "/nothing")


def token_answer(data: bytes) -> None:
    """A refresh ends with a token or with an error of ours; a permanent verdict comes from the exact codes alone."""
    answer = _zoho_answer(data)
    verdict: RefreshError | None = None
    try:
        issued = wire.issued(answer)
        assert issued.access_token.reveal().isprintable()
        assert 1 <= issued.lifetime.total_seconds() <= 24 * 3600
    except RefreshError as error:
        verdict = error
    check_verdict(answer.body, verdict)
    clock_skew(answer)


def consent_answers(data: bytes) -> None:
    """Every other answer of Zoho's is understood, or is one of our errors."""
    answer = _zoho_answer(data)
    for read in (
        exchange.granted,
        exchange.issued_by_consent,
        device.device_code,
        device.polled,
        proof.proof,
        revocation.revoked,
        revocation.revoked_the_old_way,
        serverinfo.accounts_servers,
    ):
        _ours(TokendError, lambda read=read: read(answer))  # type: ignore[misc]  # mypy: no type for a bound default


def redirect(data: bytes) -> None:
    """A redirect's code goes to a server that may have it, or nowhere."""
    try:
        code = grant_code(data.decode(errors="replace"), _REQUEST, _SERVERS)
    except TokendError:
        return
    assert _SERVERS.allows(code.accounts_server)


def vault_record(data: bytes) -> None:
    """A record in Vault is what docs/architecture.md says, or unreadable, and its text is in no error."""
    answer = _record_answer(data)
    document = RecordFields(where="secret/zoho/credentials/crm-prod", version=1, values=_fields_in(answer))
    for read in (
        lambda: codec.client_name(document),
        lambda: codec.credential(CRM, document, None, location_of=zoho_location),
        lambda: codec.credential(CRM, document, document, location_of=zoho_location),
        lambda: registration_codec.registration("app", document),
    ):
        _ours(RecordUnreadable, read)
    codec.authorized_at(document)


def token_record(data: bytes) -> None:
    """A token record that is believed says the same when it is written and read again."""
    fields = _fields_in(_record_answer(data))
    if (record := codec.token_record(CRM, fields, now=NOON)) is not None:
        again = codec.token_record(CRM, codec.token_fields(record), now=NOON)
        assert again is not None
        assert again.access_token == record.access_token
        assert again.expires_at <= record.expires_at
        assert record.expires_at - record.issued_at <= LONGEST_LIFE
        assert record.issued_at <= NOON + LARGEST_SKEW
    _ours(ReaderError, lambda: token_of(fields, connection=CRM, where="secret/zoho/tokens/crm-prod"))


def vault_answer(data: bytes) -> None:
    """Whatever a server in Vault's place answers has an outcome, and a complaint without a byte of it."""
    head, _, body = data.partition(b"\n")
    most = LARGEST_RECORD if len(head) % 2 else None
    answer = parse_response(_STATUSES[sum(head) % len(_STATUSES)], body, most=most, retry_after=None)
    assert not answer.unreadable or most, "an answer other than a record's may not seem empty"
    assert answer.outcome
    assert answer.complaint("https://vault.example.com")
    answer.at("data", "metadata", "version")
    assert answer.unmounted in {True, False}


def settings(data: bytes) -> None:
    """An environment makes settings, or sentences that say what is wrong."""
    environ = dict(_pairs(data))
    _ours(BadSettings, lambda: load_settings(environ))


def import_file(data: bytes) -> None:
    """A file of credentials is read row by row, or refused; no row takes a secret for its name."""
    text = data.decode(errors="replace")
    try:
        for row in rows(text, format_of(text)):
            assert row.number >= 1
    except Unreadable:
        return


def status_page(data: bytes) -> None:
    """Hostile words in a name, a data centre or an error add no element and no attribute to the page."""
    word = data.decode(errors="replace") or "nothing would leave out its element"
    assert _elements(_page(word)) == _ELEMENTS


def page_query(data: bytes) -> None:
    """A query selects connections, or is refused."""
    parameters = dict(_pairs(data))
    try:
        selection = parse_selection(parameters)
    except ValueError:
        return
    select([a_row()], selection)


def simulator_form(data: bytes) -> None:
    """The simulator answers every form, and never with a token for a secret that it never gave out."""
    path, _, body = data.partition(b"\n")
    form = dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
    where = _PATHS[sum(path) % len(_PATHS)]
    method = "GET" if where.startswith("/crm") or "serverinfo" in where else "POST"
    headers = {"authorization": path.decode(errors="replace")}
    answer = _ZOHO.answer("eu", Request(method=method, path=where, form=form, query=form, headers=headers))
    assert answer.outcome != "issued"
    _ZOHO.journal.entries.clear()
    _ZOHO.journal.violations.clear()


TARGETS: Final[Mapping[str, Target]] = {
    each.__name__: each
    for each in (
        token_answer,
        consent_answers,
        redirect,
        vault_record,
        token_record,
        vault_answer,
        settings,
        import_file,
        status_page,
        page_query,
        simulator_form,
    )
}


def _ours(errors: type[Exception], read: Callable[[], object]) -> None:
    """It answers, or fails with an error that is documented and says something."""
    said = "nothing"
    try:
        read()
    except errors as error:
        said = str(error)
    assert said, "an error says nothing"


def _zoho_answer(data: bytes) -> ZohoResponse:
    head, _, body = data.partition(b"\n")
    headers = {"retry-after": head.decode("latin-1"), "date": head.decode("latin-1"), "content-type": "text/html"}
    return ZohoResponse(status=_STATUSES[sum(head) % len(_STATUSES)], headers=headers, body=body, received_at=NOON)


def _record_answer(data: bytes) -> VaultAnswer:
    """Vault's answer with a record of these bytes; words such as `#deep` become what they name."""
    return parse_response(200, b'{"data":{"data":%s}}' % _written_out(data), most=LARGEST_RECORD, retry_after=None)


def _written_out(data: bytes) -> bytes:
    for mark, long in _LONG.items():
        data = data.replace(mark, long)
    return data


def _fields_in(answer: VaultAnswer) -> Mapping[str, object]:
    fields = answer.at("data", "data")
    return fields if isinstance(fields, Mapping) else {}


def _pairs(data: bytes) -> list[tuple[str, str]]:
    lines = data.decode(errors="replace").splitlines()
    return [(name, value) for name, _, value in (line.partition("=") for line in lines)]


class _Elements(HTMLParser):
    """Collects every element with the names of its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(name for name, _ in attrs)))


def _elements(html: str) -> list[tuple[str, tuple[str, ...]]]:
    parser = _Elements()
    parser.feed(html)
    parser.close()
    return parser.found


def _page(word: str) -> str:
    daemon, rows, selection = a_daemon(version=word), [a_row(error=word, data_center=word)], Selection()
    found = select(rows, selection)
    return page(View(daemon=daemon, ready=READY, promise=promise(rows, daemon.now), listing=found, selection=selection))


_ELEMENTS: Final = _elements(_page("a word"))
