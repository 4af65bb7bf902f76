"""Settings of the small shops that are known to be good and bad."""

from __future__ import annotations

from training.tuning.space import Values

BAD: Values = {
    "items.model.half_life_days": 1500.0,
    "items.model.weighting": "bm25",
    "items.model.neighbours": 1,
    "items.model.factors": 1,
    "items.model.alpha": 0.001,
    "items.model.regularization": 200.0,
}
GOOD: Values = {
    "items.model.half_life_days": 200.0,
    "items.model.weighting": "cosine",
    "items.model.neighbours": 20,
    "items.model.factors": 8,
    "items.model.alpha": 10.0,
    "items.model.regularization": 1.0,
}
