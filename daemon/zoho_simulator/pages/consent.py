"""The consent page, and the page for a request that cannot be asked."""

from collections.abc import Sequence

from zoho_simulator.pages.asking import decision, how_long, what_for, who_is_asked
from zoho_simulator.pages.frame import complaint, framed
from zoho_simulator.pages.html import tag
from zoho_simulator.rules.consent import ConsentRequest, TurnedAwayError
from zoho_simulator.rules.records import User


def consent_page(request: ConsentRequest, people: Sequence[User], data_center: str) -> str:
    """Asks a person yes or no. The form goes back to the same URL, so the request stays as it was sent."""
    form = tag(
        "form",
        who_is_asked(people, data_center),
        tag("h2", "It may then"),
        what_for(request.scope),
        how_long(offline=request.offline and not request.implicit),
        decision("Accept", "Reject"),
        tag("p", "You return to ", tag("code", request.redirect_uri), class_="note"),
        method="post",
    )
    return framed(f"{request.client.name} asks for access to your data", form, data_center=data_center)


def turned_away_page(turned_away: TurnedAwayError, data_center: str) -> str:
    """Says what is wrong with a request, and leads nowhere."""
    return framed(
        "This cannot be asked",
        complaint(turned_away.sentence),
        tag("p", "Zoho calls it ", tag("code", turned_away.error), ".", class_="note"),
        data_center=data_center,
    )
