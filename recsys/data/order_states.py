"""Which names of the state of an order say that it did not come about."""

from __future__ import annotations

import re

from recsys.data.ids import NOBODY

_STEMS = (
    "abandon", "annul", "cancel", "chargeback", "charged back", "declin", "denied", "draft",
    "error", "expir", "fail", "fraud", "incomplete", "refund", "reject", "return", "revers",
    "trash", "unavailable", "void",
    "abgebrochen", "abgelehnt", "erstattet", "fehlgeschlagen", "ruckerstatt", "retour", "storn",
    "zuruckerstatt", "zuruckgesandt",
    "echou", "refus", "rembours",
    "devol", "devuelt", "estorn", "fallid", "falhou", "recusad", "reembols", "rechazad",
    "geannul", "mislukt", "rimbors", "terugbetaald", "anulowan", "zwroc",
)  # fmt: skip
"""What the words for it begin with: English; German; French; Spanish and Portuguese; others."""

_VOID = re.compile(rf"\b({'|'.join(_STEMS)})")
_STANDS = re.compile(
    r"\b(partial|partly|in part|part |teil|parti?el|parcial|not |no |non |nicht |request|asked"
    r"|window|policy|eligib|attempt|beantragt|pending (refund|return|cancel))"
    r"|(refund|return|cancel\w*|chargeback|dispute)s? (fail|declin|reject|denied|error|revers"
    r"|cancel|pending)"
)
_PLAIN = str.maketrans("äöüáàâãéèêëíìîïóòôõúùûçñł", "aouaaaaeeeeiiiioooouuucnl")


NOT_CANCELLED = NOBODY | {
    "0", "0.0", "0.00", "0,00", "false", "f", "no", "n", "nein", "non", "nao", "não", "nie", "nee",
    "0000-00-00", "0000-00-00 00:00:00",
}  # fmt: skip
"""What stands in lower case where an export tells when, or whether, an order was cancelled."""


def is_void(state: str) -> bool:
    """Return whether an order in this state is none, for example ``wc-cancelled``.

    Names are read in any case, ``_`` and ``-`` as blanks, in the languages of ``_STEMS``. An order
    that is refunded in part still is one, and so is one whose return is only asked for.
    """
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", state)
    plain = " ".join(re.sub(r"[\s_-]+", " ", apart.lower()).split()).translate(_PLAIN)
    return _VOID.search(plain) is not None and _STANDS.search(plain) is None
