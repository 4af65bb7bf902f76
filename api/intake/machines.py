"""Who only looks like a user: crawlers, previews, monitors and test robots."""

from __future__ import annotations

import re

from api.intake.fields import Fields, flat

_NAMES = re.compile(
    r"(?<!cu)bot\b|crawl|spider|slurp|headless|phantomjs|selenium|puppeteer|playwright|lighthouse"
    r"|preview|facebookexternalhit|whatsapp/|pingdom|uptimerobot|statuscake|curl/|wget/|python-requests"
    r"|python-urllib|httpclient|okhttp/0|go-http-client|libwww|scrapy|googleimageproxy",
    re.IGNORECASE,
)
_SAID = ("machine", "bot", "isbot")


def is_machine(fields: Fields) -> bool:
    """Return whether an event says that a machine made it, or its user agent has such a name.

    Parameters
    ----------
    fields : mapping
        Of the event, as :func:`api.intake.fields.flat` gives them; the agent is that of the *event*
        (``context.userAgent``): the one of the request is often an honest server's library.
    """
    if any(fields.get(name) is True for name in _SAID):
        return True
    context = fields.get("context")
    agent = flat(context).get("useragent") if isinstance(context, dict) else None
    return isinstance(agent, str) and _NAMES.search(agent) is not None
