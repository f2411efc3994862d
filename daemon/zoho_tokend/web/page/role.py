"""What this process does among its replicas."""

from zoho_tokend.core.facts import DaemonFacts


def role(daemon: DaemonFacts) -> str:
    """In a word or two, for the top and the foot of the page."""
    return "leader" if daemon.leader else "standby"
