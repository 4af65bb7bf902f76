"""On what occasion an event happened: device and placement, as Segment or a short form says."""

from __future__ import annotations

from api.intake.fields import Fields, flat
from recsys.occasions import DEVICE, PLACEMENT, plain

SAID_IN = ("device", "devicetype", "placement", "context")
"""The fields of an event that tell."""


def occasion(fields: Fields) -> dict[str, str]:
    """Return ``device`` and ``placement`` where they are said.

    Parameters
    ----------
    fields : mapping
        Of the event, as :func:`api.intake.fields.flat` gives them. Its own ``device`` (or
        ``device_type``) wins over ``context.device.type``; what is no text says nothing, and no
        event is refused for it.
    """
    if not any(name in fields for name in SAID_IN):
        return {}
    own = (fields.get(name) for name in ("device", "devicetype"))
    of_context = flat(flat(fields.get("context")).get("device")).get("type")
    device = next(filter(None, map(plain, (*own, of_context))), "")
    said = {DEVICE: device, PLACEMENT: plain(fields.get("placement"))}
    return {name: value for name, value in said.items() if value}
