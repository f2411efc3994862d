"""A request as the law sees it, and an answer as the shell is to send it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import Final, Self

JSON: Final = "application/json;charset=UTF-8"
HTML: Final = "text/html;charset=UTF-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request, its body already read as a form where it is one.

    Attributes:
        form: empty unless the body is ``application/x-www-form-urlencoded``.
        body: as it came.
        headers: names in lower case.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class End(StrEnum):
    """How far an answer gets before the connection ends."""

    WHOLE = "whole"
    CUT = "cut"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How the bytes of an answer travel.

    Attributes:
        wait: the silence before anything is sent.
        pause: the silence after every byte of the body; zero sends it at once.
        end: ``cut`` promises the whole body, sends half of it and closes; ``dropped`` closes without a byte.
    """

    wait: timedelta = timedelta(0)
    pause: timedelta = timedelta(0)
    end: End = End.WHOLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is sent back.

    Attributes:
        content: the fields of a JSON object, or a text or bytes that are sent as they are.
        clock_skew: how far the ``Date`` header runs ahead of the true time.
    """

    content: Mapping[str, object] | str | bytes
    status: int = 200
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    clock_skew: timedelta = timedelta(0)
    delivery: Delivery = Delivery()

    @property
    def fields(self) -> Mapping[str, object]:
        """The fields of a JSON answer; none where the content is a text or bytes."""
        return {} if isinstance(self.content, str | bytes) else self.content

    @property
    def text(self) -> str:
        """The body, where it is a text."""
        return self.body.decode(errors="replace")

    @property
    def body(self) -> bytes:
        """The body."""
        match self.content:
            case bytes():
                return self.content
            case str():
                return self.content.encode()
            case fields:
                return json.dumps(fields, separators=(",", ":")).encode()

    @property
    def outcome(self) -> str:
        """The answer in one word: ``issued``, the error that it names, or its HTTP status."""
        if "access_token" in self.fields:
            return "issued"
        error = self.fields.get("error") or self.fields.get("code")
        return error if isinstance(error, str) else f"http_{self.status}"

    def with_fields(self, **changed: object) -> Self:
        """The same answer with these fields added or replaced; a text stays as it is."""
        return self if isinstance(self.content, str | bytes) else replace(self, content={**self.content, **changed})

    def without(self, *names: str) -> Self:
        """The same answer lacking these fields; a text stays as it is."""
        if isinstance(self.content, str | bytes):
            return self
        return replace(self, content={name: value for name, value in self.content.items() if name not in names})
