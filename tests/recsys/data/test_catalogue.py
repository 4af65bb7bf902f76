"""The catalogue."""

from __future__ import annotations

import numpy as np

from recsys.data.catalogue import Catalogue


def test_a_catalogue_is_as_long_as_its_titles() -> None:
    two = ("a", "b")
    catalogue = Catalogue(two, two, two, two, np.zeros(2, np.float32), np.ones(2, bool))
    assert len(catalogue) == 2
