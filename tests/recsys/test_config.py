"""The configuration: defaults, overrides, and mistakes that are named."""

from __future__ import annotations

from typing import Any

import pytest

from recsys.config import USUAL_KINDS, Config, keys, masked, parse
from recsys.errors import BadValue, UnknownKey


def test_nothing_configured_is_all_defaults() -> None:
    assert parse({}, {}) == Config()


def test_the_file_overrides_defaults_and_the_environment_overrides_the_file() -> None:
    file = {"serving": {"port": 9000, "host": "0.0.0.0"}}  # noqa: S104 - only a value
    config = parse(file, {"RECSYS_SERVING__PORT": "9001", "HOME": "/root"})
    assert (config.serving.port, config.serving.host) == (9001, "0.0.0.0")  # noqa: S104


def test_the_file_as_read_is_left_alone() -> None:
    file = {"serving": {"port": 9000}}
    parse(file, {"RECSYS_SERVING__PORT": "9001"})
    assert file == {"serving": {"port": 9000}}


def test_an_unknown_key_names_the_nearest_known_one() -> None:
    with pytest.raises(UnknownKey, match=r"'items.halflife_days'.*'items.half_life_days'"):
        parse({"items": {"halflife_days": 3}}, {})


def test_an_unknown_section_names_the_nearest_known_one() -> None:
    with pytest.raises(UnknownKey, match="did you mean 'serving'"):
        parse({"servnig": {"port": 1}}, {})


def test_an_unknown_key_of_a_kind_names_the_nearest_known_one() -> None:
    with pytest.raises(UnknownKey, match=r"did you mean 'kinds\.view\.weight'"):
        parse({"kinds": {"view": {"wieght": 1}}}, {})


def test_an_unknown_key_in_the_environment_is_an_error_too() -> None:
    with pytest.raises(UnknownKey, match=r"serving\.prot"):
        parse({}, {"RECSYS_SERVING__PROT": "9001"})


def test_a_value_out_of_range_says_what_is_allowed() -> None:
    with pytest.raises(BadValue, match=r"'serving.port' is 70000.*less than or equal to 65535"):
        parse({"serving": {"port": 70_000}}, {})


@pytest.mark.parametrize("name", ["RECSYS_SERVNIG__PORT", "RECSYS_SERVNIG__PORT__X"])
def test_an_unknown_section_in_the_environment_names_the_nearest_one(name: str) -> None:
    with pytest.raises(UnknownKey, match=r"'servnig\.port.*did you mean 'serving"):
        parse({}, {name: "9001"})


def test_a_key_is_no_section() -> None:
    with pytest.raises(
        BadValue, match=r"""'serving\.port' is \{"x": "1"\}; allowed: a valid integer"""
    ):
        parse({}, {"RECSYS_SERVING__PORT__X": "1"})


def test_a_section_that_is_a_value_is_refused() -> None:
    with pytest.raises(BadValue, match="'serving' is 3; allowed: a section with keys of its own"):
        parse({"serving": 3}, {"RECSYS_SERVING__PORT": "1"})


def test_an_unknown_time_zone_is_refused() -> None:
    with pytest.raises(BadValue, match="IANA"):
        parse({"data": {"timezone": "Mars/Olympus"}}, {})


def test_overriding_one_channel_from_the_environment_keeps_the_others() -> None:
    config = parse({}, {"RECSYS_CHANNELS__ARMS__EMAIL__COST": "0.5"})
    assert config.channels.arms["email"].cost == 0.5
    assert set(config.channels.arms) == {"email", "push", "sms"}
    assert config.channels.arms["email"].cap_per_week == 3


def test_lists_in_the_environment_are_json() -> None:
    config = parse({}, {"RECSYS_DATA__UNAVAILABLE_ITEMS": '["POST", "M"]'})
    assert config.data.unavailable_items == ("POST", "M")


@pytest.mark.parametrize(
    ("text", "hashes"),
    [
        ("a" * 64, ("a" * 64,)),
        (f"{'a' * 64}, {'b' * 64}", ("a" * 64, "b" * 64)),
        (f'["{"a" * 64}"]', ("a" * 64,)),
    ],
)
def test_a_list_in_the_environment_may_be_bare_or_with_commas(
    text: str, hashes: tuple[str, ...]
) -> None:
    assert parse({}, {"RECSYS_SERVING__READ_KEYS_SHA256": text}).serving.read_keys_sha256 == hashes


@pytest.mark.parametrize("text", ['["POST"', "[POST, M]"])
def test_a_broken_json_list_is_not_taken_for_its_parts(text: str) -> None:
    with pytest.raises(
        BadValue, match=r"'data\.unavailable_items'.*allowed: a list: \[\"a\", \"b\"\]"
    ):
        parse({}, {"RECSYS_DATA__UNAVAILABLE_ITEMS": text})


def test_what_is_no_hash_says_how_to_make_one_and_does_not_repeat_the_key() -> None:
    with pytest.raises(BadValue, match=r"printf %s KEY \| sha256sum") as told:
        parse({}, {"RECSYS_SERVING__READ_KEYS_SHA256": "the-key-itself"})
    assert "the-key-itself" not in str(told.value)


@pytest.mark.parametrize(
    ("secret", "shown"),
    [
        ("postgresql://me:word@host/shop", "postgresql://me:***@host/shop"),
        ("postgresql://me:p@ss:w@host/shop", "postgresql://me:***@host/shop"),
        ("postgresql://host/shop?password=word&x=1", "postgresql://host/shop?password=***&x=1"),
        ("postgresql://me@host:5432/shop", "postgresql://me@host:5432/shop"),
        ("sqlite:///var/recsys.db", "sqlite:///var/recsys.db"),
        ("3f" * 32, "3f3f3f3f…"),
    ],
)
def test_of_a_secret_only_what_it_is_known_by_is_shown(secret: str, shown: str) -> None:
    assert masked(secret) == shown


def test_what_is_secret_is_in_no_repr() -> None:
    config = parse({}, {"RECSYS_STORAGE__URL": "postgresql://me:word@host/shop"})
    assert "word" not in repr(config)


def test_an_address_with_brackets_is_no_list() -> None:
    assert parse({}, {"RECSYS_SERVING__HOST": "[::1]"}).serving.host == "[::1]"


def test_every_key_has_a_meaning() -> None:
    assert all(field.description for _, field in keys())


def test_keys_of_sections_that_you_name_are_among_all_keys() -> None:
    known = {name: field.default for name, field in keys()}
    assert known["kinds.*.weight"] == 1.0
    assert known["channels.arms.*.cost"] == 0.0


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ({"churn": {"test_cutoff": "soon"}}, "churn.test_cutoff.*a day like 2011-09-09"),
        ({"churn": {"test_cutoff": "1970-13-01"}}, "churn.test_cutoff.*a day like 2011-09-09"),
        ({"channels": {"default_arm": "fax"}}, "one of the arms: email, push, sms"),
        ({"kinds": {"view": {"weight": float("nan")}}}, "finite number"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_runs(
    file: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadValue, match=words):
        parse(file, {})


def test_days_are_kept_of_known_kinds_only() -> None:
    with pytest.raises(
        BadValue, match=r"'data.retention_days' is 'viw'; .*view, cart.*message_sent"
    ):
        parse({"data": {"retention_days": {"viw": 30}}}, {})
    own = {"kinds": {"wish": {}}, "data": {"retention_days": {"wish": 9, "message_sent": 90}}}
    assert parse(own, {}).data.retention_days == {"wish": 9, "message_sent": 90}


def test_a_kind_of_ones_own_joins_the_usual_ones() -> None:
    kinds = parse({"kinds": {"wish": {"weight": 0.3}, "view": {"weight": 0.2}}}, {}).kinds
    assert set(kinds) == {*USUAL_KINDS, "wish"}
    assert kinds["view"].weight == 0.2


def test_the_outcome_of_channels_is_one_of_the_kinds() -> None:
    with pytest.raises(
        BadValue, match=r"'channels\.outcome' is 'applause'; allowed: one of the kinds"
    ):
        parse({"channels": {"outcome": "applause"}}, {})
    assert parse({"channels": {"outcome": "purchase"}}, {}).channels.outcome == "purchase"


@pytest.mark.parametrize("key", ["churn.critical_kind", "data.default_kind"])
def test_a_kind_that_there_is_none_of_is_refused(key: str) -> None:
    section, name = key.split(".")
    with pytest.raises(BadValue, match=f"'{key}' is 'purchse'; allowed: one of the kinds view"):
        parse({section: {name: "purchse"}}, {})


def test_a_cancellation_is_one_of_the_kinds() -> None:
    asked = {"churn": {"cancel_kind": "cancel"}}
    with pytest.raises(BadValue, match="one of the kinds"):
        parse(asked, {})
    known = parse({**asked, "kinds": {"cancel": {"weight": 0.0}}}, {})
    assert known.churn.cancel_kind == "cancel"
