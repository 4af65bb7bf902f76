"""One configuration for training and serving.

Every key has a default, a one-line meaning and its unit in its name. `recsys config` prints the
whole file as it is in force; the environment overrides it (``RECSYS_SERVING__PORT=9000``).
"""

from recsys.config.config import Config
from recsys.config.data import USUAL_KINDS, Columns, Data, Kind, Privacy, Segments, Storage
from recsys.config.experiments import Experiments
from recsys.config.parsing import keys, parse, without_secrets
from recsys.config.questions import (
    Channels,
    ChannelSection,
    ChurnSection,
    ItemModel,
    Items,
    RetentionOffer,
    Training,
)
from recsys.config.section import Section, masked
from recsys.config.serving import ServingSection

__all__ = [
    "USUAL_KINDS",
    "ChannelSection",
    "Channels",
    "ChurnSection",
    "Columns",
    "Config",
    "Data",
    "Experiments",
    "ItemModel",
    "Items",
    "Kind",
    "Privacy",
    "RetentionOffer",
    "Section",
    "Segments",
    "ServingSection",
    "Storage",
    "Training",
    "keys",
    "masked",
    "parse",
    "without_secrets",
]  # fmt: skip
