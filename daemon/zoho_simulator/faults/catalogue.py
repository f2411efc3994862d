"""Every fault by name. Spans are in seconds, so that JSON can say them.

Those that stand in for the law cost no budget: ``html``, ``html_502``, ``hang``, ``drop``, ``empty``, ``redirect``,
``error``, ``general_error``, ``throttled``, ``authentication_failure``, ``too_many_requests``, ``huge_body``. In all
others the law is asked first: a token whose answer is lost or unreadable was issued all the same.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from zoho_simulator.faults.fault import Fault
from zoho_simulator.rules import crm, crm_records
from zoho_simulator.rules.errors import throttle
from zoho_simulator.rules.messages import HTML, Answer, Delivery, End

_MEBIBYTE: Final = 1 << 20


def ok() -> Fault:
    """Nothing goes wrong: a good answer in the middle of a script."""
    return Fault(name="ok")


def html(status: int = 200) -> Fault:
    """A page where JSON was due."""
    page = "<!DOCTYPE html><html><head><title>Zoho</title></head><body><h1>Something went wrong</h1></body></html>"
    return Fault(name=f"html_{status}", stand_in=Answer(content=page, status=status, content_type=HTML))


def html_502() -> Fault:
    """A gateway's page, at HTTP 502."""
    return html(502)


def redirect(to: str = "https://accounts.example.com/signin", status: int = 302) -> Fault:
    """A redirect, which nobody who holds a credential may follow."""
    return Fault(
        name="redirect", stand_in=Answer(content="", status=status, content_type=HTML, headers={"Location": to})
    )


def error(code: str, status: int = 200) -> Fault:
    """``{"error": code}``, for any code, known or not."""
    return Fault(name=code, stand_in=Answer(content={"error": code}, status=status))


def general_error() -> Fault:
    """``general_error``, of which nobody published a capture; *assumed* to come at HTTP 200 as most do."""
    return error("general_error")


def throttled(status: int = 400, retry_after: int | None = None) -> Fault:
    """The throttle's body at any status; ``retry_after`` in seconds."""
    return Fault(name="throttled", stand_in=throttle(status=status, retry_after=retry_after))


def authentication_failure() -> Fault:
    """The API's refusal of a token that may be good."""
    return Fault(name="authentication_failure", stand_in=crm.authentication_failure())


def too_many_requests(retry_after: int | None = None) -> Fault:
    """The API's refusal of one call too many at once; ``retry_after`` in seconds."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    said = crm_records.refusal(429, "TOO_MANY_REQUESTS", "You have made too many requests")
    return Fault(name="too_many_requests", stand_in=replace(said, headers=headers))


def empty(status: int = 200) -> Fault:
    """No body at all."""
    return Fault(name="empty", stand_in=Answer(content="", status=status))


def huge_body(mebibytes: int = 8) -> Fault:
    """A body larger than anybody should read."""
    return Fault(name="huge_body", stand_in=Answer(content="x" * mebibytes * _MEBIBYTE))


def drop() -> Fault:
    """The connection ends without a byte; nothing was issued."""
    return Fault(name="drop", stand_in=Answer(content="", delivery=Delivery(end=End.DROPPED)))


def hang(seconds: float = 60) -> Fault:
    """Silence, and after this span the end of the connection; nothing was issued."""
    silence = Delivery(wait=timedelta(seconds=seconds), end=End.DROPPED)
    return Fault(name="hang", stand_in=Answer(content="", delivery=silence))


def delayed(seconds: float) -> Fault:
    """The true answer, late."""
    wait = timedelta(seconds=seconds)
    return _altered("delayed", lambda answer: replace(answer, delivery=replace(answer.delivery, wait=wait)))


def drip(seconds: float = 1) -> Fault:
    """The true answer, with so much silence after each byte of its body."""
    pause = timedelta(seconds=seconds)
    return _altered("drip", lambda answer: replace(answer, delivery=replace(answer.delivery, pause=pause)))


def lost_answer() -> Fault:
    """The token is issued, and the connection ends before anybody learns it."""
    return _altered("lost_answer", lambda answer: replace(answer, delivery=replace(answer.delivery, end=End.DROPPED)))


def cut_off() -> Fault:
    """The token is issued, and the connection ends in the middle of the body."""
    return _altered("cut_off", lambda answer: replace(answer, delivery=replace(answer.delivery, end=End.CUT)))


def truncated_json() -> Fault:
    """The token is issued, and the body is a whole HTTP body but half a JSON text."""
    return _altered("truncated_json", lambda answer: replace(answer, content=answer.body[: len(answer.body) // 2]))


def wrong_content_type(content_type: str = "text/html;charset=UTF-8") -> Fault:
    """The true answer, labelled as something else."""
    return _altered("wrong_content_type", lambda answer: replace(answer, content_type=content_type))


def clock_skew(seconds: float) -> Fault:
    """The true answer, with a ``Date`` that runs so far ahead (or behind, when negative)."""
    skew = timedelta(seconds=seconds)
    return _altered("clock_skew", lambda answer: replace(answer, clock_skew=skew))


def lifetime_in_ms(*, with_seconds: bool = True) -> Fault:
    """``expires_in`` in milliseconds, with or without ``expires_in_sec``: both were real.

    https://github.com/Weble/ZohoClient/issues/11, https://github.com/schmorrison/Zoho/pull/18
    """

    def alter(answer: Answer) -> Answer:
        seconds = _lifetime(answer)
        if seconds is None:
            return answer
        in_ms = answer.with_fields(expires_in=seconds * 1000)
        return in_ms.with_fields(expires_in_sec=seconds) if with_seconds else in_ms

    return _altered("lifetime_in_ms", alter)


def lifetime_as_text() -> Fault:
    """``"expires_in": "3600"``."""

    def alter(answer: Answer) -> Answer:
        seconds = _lifetime(answer)
        return answer if seconds is None else answer.with_fields(expires_in=str(seconds))

    return _altered("lifetime_as_text", alter)


def lifetime_missing() -> Fault:
    """No ``expires_in``."""
    return _altered("lifetime_missing", lambda answer: answer.without("expires_in"))


def api_domain_missing() -> Fault:
    """No ``api_domain``."""
    return _altered("api_domain_missing", lambda answer: answer.without("api_domain"))


def rotated_refresh_token() -> Fault:
    """The answer brings a new refresh token, and the old one is dead."""
    return Fault(name="rotated_refresh_token", rotates=True)


def _altered(name: str, alteration: Callable[[Answer], Answer]) -> Fault:
    return Fault(name=name, alterations=(alteration,))


def _lifetime(answer: Answer) -> int | None:
    seconds = answer.fields.get("expires_in")
    return seconds if isinstance(seconds, int) else None


BY_NAME: Final[Mapping[str, Callable[..., Fault]]] = {
    factory.__name__: factory
    for factory in (
        ok,
        html,
        html_502,
        redirect,
        error,
        general_error,
        throttled,
        authentication_failure,
        too_many_requests,
        empty,
        huge_body,
        drop,
        hang,
        delayed,
        drip,
        lost_answer,
        cut_off,
        truncated_json,
        wrong_content_type,
        clock_skew,
        lifetime_in_ms,
        lifetime_as_text,
        lifetime_missing,
        api_domain_missing,
        rotated_refresh_token,
    )
}
