"""The configuration as a file."""

from __future__ import annotations

import tomllib

import pytest

from recsys.config import Config, keys, parse
from recsys.errors import BadValue
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
    for name, field in keys():
        if name not in {"kinds", "channels.arms"}:
            assert str(field.description) in text, name


def test_secrets_are_masked_and_what_is_masked_is_not_taken_for_a_configuration() -> None:
    given = {
        "RECSYS_STORAGE__URL": "postgresql://me:word@host/shop",
        "RECSYS_SERVING__READ_KEYS_SHA256": "3f" * 32,
    }
    text = toml(parse({}, given))
    assert 'url = "postgresql://me:***@host/shop"' in text
    assert 'read_keys_sha256 = ["3f3f3f3f…"]' in text
    with pytest.raises(BadValue, match="read_keys_sha256"):
        parse(tomllib.loads(text), {})
