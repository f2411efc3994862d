"""Zoho on a bad day: faults, scripts of them, and to whom they happen.

::

    zoho.fault(then(times(2, html_502()), throttled(), ok(), always(lifetime_in_ms())))
    zoho.fault(both(clock_skew(seconds=90), rotated_refresh_token()), data_center="eu", client=jobs)
"""

from zoho_simulator.faults.active import Target
from zoho_simulator.faults.catalogue import (
    api_domain_missing,
    authentication_failure,
    clock_skew,
    cut_off,
    delayed,
    drip,
    drop,
    empty,
    error,
    general_error,
    hang,
    html,
    html_502,
    huge_body,
    lifetime_as_text,
    lifetime_in_ms,
    lifetime_missing,
    lost_answer,
    ok,
    redirect,
    rotated_refresh_token,
    throttled,
    too_many_requests,
    truncated_json,
    wrong_content_type,
)
from zoho_simulator.faults.fault import Fault, both
from zoho_simulator.faults.script import Script, always, then, times

__all__ = [
    "Fault",
    "Script",
    "Target",
    "always",
    "api_domain_missing",
    "authentication_failure",
    "both",
    "clock_skew",
    "cut_off",
    "delayed",
    "drip",
    "drop",
    "empty",
    "error",
    "general_error",
    "hang",
    "html",
    "html_502",
    "huge_body",
    "lifetime_as_text",
    "lifetime_in_ms",
    "lifetime_missing",
    "lost_answer",
    "ok",
    "redirect",
    "rotated_refresh_token",
    "then",
    "throttled",
    "times",
    "too_many_requests",
    "truncated_json",
    "wrong_content_type",
]
