"""The configuration as a file."""

from __future__ import annotations

import tomllib

from recsys.config import Config, keys, parse
from training.cli.config_toml import toml


def test_the_printed_configuration_is_the_configuration() -> None:
    config = parse(
        {
            "data": {
                "columns": {"user": 'a "name"'},
                "unavailable_items": ["POST", "M"],
                "retention_days": {"view": 30, "odd kind": 9},
            },
            "kinds": {"odd kind": {"weight": -0.5}},
            "channels": {"arms": {"in-app": {"quiet_hours": False}}},
        },
        {},
    )
    assert parse(tomllib.loads(toml(config)), {}) == config
    assert parse(tomllib.loads(toml(Config())), {}) == Config()


def test_every_key_is_printed_with_its_meaning() -> None:
    text = toml(Config())
    for name, _, meaning in keys():
        if name not in {"kinds", "channels.arms"}:
            assert meaning in text, name
