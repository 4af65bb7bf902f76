"""From what a file and the environment say to one configuration, or to the mistake in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from recsys.config.config import Config
from recsys.config.section import Section, masked
from recsys.data.kinds import MESSAGE_KINDS
from recsys.errors import BadValue, ConfigError, UnknownKey

PREFIX = "RECSYS_"
DELIMITER = "__"

_ALLOWED = {
    "dict_type": "a section with keys of its own",
    "mapping_type": "a section with keys of its own",
    "model_type": "a section with keys of its own",
    "tuple_type": 'a list: ["a", "b"], in the environment also a,b',
}


def parse(file: Mapping[str, Any], environment: Mapping[str, str]) -> Config:
    """Return the configuration of a parsed file, overridden by the environment.

    Parameters
    ----------
    file : mapping
        What ``tomllib`` read; empty for all defaults.
    environment : mapping of str to str
        ``RECSYS_<SECTION>__<KEY>`` overrides; other variables are left alone. A list is a JSON
        list, or its parts with commas between them.

    Raises
    ------
    UnknownKey
        A key that nothing reads; names the nearest known one.
    BadValue
        A value of the wrong type or out of range.
    """
    config = _validated(file)
    said = {n: value for n, value in environment.items() if n.startswith(PREFIX) and DELIMITER in n}
    if said:
        config = _validated(_merged(config.model_dump(), _overrides(said)))
    _check_kinds(config)
    _check_traits(config)
    return config


def without_secrets(config: Config) -> dict[str, Any]:
    """Return a configuration as a file could say it: what only the environment says is left out."""
    said = config.model_dump(mode="json")
    for key, field in keys():
        extra = field.json_schema_extra
        if isinstance(extra, dict) and extra.get("environment_only"):
            section, _, name = key.partition(".")
            del said[section][name]
    if "://" in config.storage.url and masked(config.storage.url) != config.storage.url:
        del said["storage"]["url"]
    return said


def keys(section: type[Section] = Config, prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Yield every key by its dotted name; ``*`` stands for a name of your own."""
    for name, field in section.model_fields.items():
        inner, named = _section_of(field), f"{prefix}{name}"
        if inner is None or field.description:
            yield named, field
        if inner is not None:
            yield from keys(inner, f"{named}.*." if field.description else f"{named}.")


def _section_of(field: FieldInfo) -> type[Section] | None:
    """Return the class of a section, or of each of the sections that a mapping holds."""
    for kind in (field.annotation, *get_args(field.annotation)):
        if isinstance(kind, type) and issubclass(kind, Section):
            return kind
    return None


def _validated(tree: Mapping[str, Any]) -> Config:
    try:
        return Config.model_validate(tree)
    except ValidationError as error:
        raise _explained(error) from None


def _overrides(variables: Mapping[str, str]) -> dict[str, Any]:
    # Here, because nearly always nothing is overridden, and it takes as long to load as pydantic.
    from pydantic_settings import EnvSettingsSource, SettingsConfigDict

    # Any model will do: the fields are read, and nothing else.
    source = EnvSettingsSource(Config, env_prefix=PREFIX, env_nested_delimiter=DELIMITER)  # type: ignore[arg-type]
    source.env_vars = {name.lower(): value for name, value in variables.items()}
    source.config = SettingsConfigDict(enable_decoding=False)
    for name in source.env_vars:
        section, _, rest = name.removeprefix(PREFIX.lower()).partition(DELIMITER)
        if section not in Config.model_fields:
            raise UnknownKey(f"{section}.{rest}", known=_known((section,)))
    return source()


def _merged(tree: Any, over: Any) -> Any:
    if not (isinstance(tree, Mapping) and isinstance(over, Mapping)):
        return over
    return {**tree, **{key: _merged(tree.get(key), value) for key, value in over.items()}}


def _check_kinds(config: Config) -> None:
    """Refuse what names a kind of events that there is none of: it would never happen."""
    named = {
        "items.relevant_kind": (config.items.relevant_kind,),
        "churn.critical_kind": (config.churn.critical_kind,),
        "churn.cancel_kind": (config.churn.cancel_kind,),
        "channels.outcome": (config.channels.outcome,),
        "data.default_kind": (config.data.default_kind,),
        "data.retention_days": config.data.retention_days,
    }
    for key, names in named.items():
        kinds = (*config.kinds, *(MESSAGE_KINDS if key == "data.retention_days" else ()))
        if unknown := [name for name in names if name not in {*kinds, ""}]:
            raise BadValue(key, unknown[0], f"one of the kinds {', '.join(kinds)}")


def _check_traits(config: Config) -> None:
    """Refuse to keep what must be encrypted without a key to do it."""
    sealed = set(config.privacy.kept_traits) & set(config.privacy.sensitive_traits)
    if sealed and not config.storage.encryption_keys:
        needed = "RECSYS_STORAGE__ENCRYPTION_KEYS for what is in privacy.sensitive_traits"
        raise BadValue("privacy.kept_traits", sorted(sealed), needed)
    if config.segments.trait in config.privacy.sensitive_traits:
        allowed = "a trait that is not in privacy.sensitive_traits: models must see it"
        raise BadValue("segments.trait", config.segments.trait, allowed)


def _explained(error: ValidationError) -> ConfigError:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return UnknownKey(key, known=_known(first["loc"]))
    plain = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    allowed = _ALLOWED.get(first["type"], plain.split(", unable to parse")[0])
    secret = any(key.startswith(name) and not field.repr for name, field in keys())
    return BadValue(key, "***" if secret else first["input"], allowed)


def _known(place: tuple[int | str, ...]) -> list[str]:
    """Return all keys and sections, those that hold names of your own with the names at hand."""
    names = [name.replace("*", str(own)) for name, _ in keys() for own in place[:-1] or ("*",)]
    sections = (name.rsplit(".", 1)[0] for name in names if "." in name)
    return list(dict.fromkeys([*names, *sections]))
