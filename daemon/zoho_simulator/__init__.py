"""A Zoho that runs on loopback, as unkind as the real one.

The law (``law``) is plain Python and knows Zoho's limits, error shapes and odd facts, each with the page that tells it.
``faults`` is what goes wrong on demand. ``pages`` is what a person sees: the consent page, the device page, and the API
console at ``/console`` of each accounts server. ``shell`` puts them all behind HTTP. ``Simulator`` starts it in an
event loop, ``in_thread`` in a thread, and ``python -m zoho_simulator`` in a process that a control API steers.
"""

from zoho_simulator.rules.limits import CountedBy, Limits
from zoho_simulator.rules.records import Client, ClientKind, Consent, GrantCode, User
from zoho_simulator.rules.routes import Endpoint
from zoho_simulator.simulator import Simulator, in_thread
from zoho_simulator.zoho import DataCenter, Zoho

__all__ = [
    "Client",
    "ClientKind",
    "Consent",
    "CountedBy",
    "DataCenter",
    "Endpoint",
    "GrantCode",
    "Limits",
    "Simulator",
    "User",
    "Zoho",
    "in_thread",
]
