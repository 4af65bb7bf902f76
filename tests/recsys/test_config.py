"""The configuration: defaults, overrides, and mistakes that are named."""

from __future__ import annotations

from typing import Any

import pytest

from recsys.config import USUAL_KINDS, Config, keys, parse
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


def test_a_section_that_is_a_value_is_refused() -> None:
    with pytest.raises(BadValue, match="serving is not a section"):
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
        ("", ()),
    ],
)
def test_a_list_in_the_environment_may_be_bare_or_with_commas(
    text: str, hashes: tuple[str, ...]
) -> None:
    assert parse({}, {"RECSYS_SERVING__READ_KEYS_SHA256": text}).serving.read_keys_sha256 == hashes


def test_what_is_no_hash_says_how_to_make_one() -> None:
    with pytest.raises(BadValue, match=r"printf %s KEY \| sha256sum"):
        parse({}, {"RECSYS_SERVING__READ_KEYS_SHA256": "secret"})


def test_an_address_with_brackets_is_no_list() -> None:
    assert parse({}, {"RECSYS_SERVING__HOST": "[::1]"}).serving.host == "[::1]"


def test_every_key_has_a_meaning() -> None:
    assert all(meaning for _, _, meaning in keys())


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
    with pytest.raises(BadValue, match=r"channels\.outcome is one of the kinds"):
        parse({"channels": {"outcome": "applause"}}, {})
    assert parse({"channels": {"outcome": "purchase"}}, {}).channels.outcome == "purchase"


def test_a_cancellation_is_one_of_the_kinds() -> None:
    asked = {"churn": {"cancel_kind": "cancel"}}
    with pytest.raises(BadValue, match="one of the kinds"):
        parse(asked, {})
    known = parse({**asked, "kinds": {"cancel": {"weight": 0.0}}}, {})
    assert known.churn.cancel_kind == "cancel"
