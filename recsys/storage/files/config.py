"""Where the configuration is read from."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

from recsys.config import Config, keys, masked, parse
from recsys.errors import BadConfigFile, BadValue, UnknownKey, UnreadableFile

DEFAULT = Path("recsys.toml")


def read_config(path: Path | None, environment: Mapping[str, str]) -> Config:
    """Read the configuration from `path`, overridden by the environment.

    Parameters
    ----------
    path : Path or None
        A TOML file; None takes ``recsys.toml`` in the working folder if there is one.
    environment : mapping of str to str
        ``RECSYS_<SECTION>__<KEY>`` overrides.

    Raises
    ------
    UnreadableFile
        The file named does not exist or cannot be read.
    BadConfigFile
        The file is no TOML, holds a password, or a key of it is wrong; says in which line.
    ConfigError
        The environment is wrong.
    """
    if path is None and not DEFAULT.exists():
        return parse({}, environment)
    path = path or DEFAULT
    text = _text(path)
    file = _parsed(path, text)
    try:
        _refuse_password(parse(file, {}).storage.url)
        _refuse_secrets(file)
    except (UnknownKey, BadValue) as mistake:
        raise BadConfigFile(path, _line_of(mistake.key, text), mistake) from None
    return parse(file, environment)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UnreadableFile(path, "there is no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFile(path, str(error)) from error


def _parsed(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadConfigFile(path, None, error) from error


def _refuse_password(url: str) -> None:
    if "://" in url and (shown := masked(url)) != url:
        where = "the whole URL in RECSYS_STORAGE__URL, or the password in PGPASSWORD or ~/.pgpass"
        raise BadValue("storage.url", shown, f"no password in a file: {where}")


def _refuse_secrets(file: Mapping[str, Any]) -> None:
    for key, field in keys():
        extra = field.json_schema_extra
        section, _, name = key.partition(".")
        if (
            isinstance(extra, dict)
            and extra.get("environment_only")
            and name in file.get(section, {})
        ):
            variable = f"RECSYS_{section}__{name}".upper()
            raise BadValue(key, "***", f"nothing in a file: set {variable} in the environment")


def _line_of(key: str, text: str) -> int | None:
    """Return the line that sets the dotted `key`: where the text differs from one without it."""
    # Here, because only a mistake needs it.
    import tomlkit

    document = tomlkit.parse(text)
    if not _remove(document, key):
        return None
    pairs = zip_longest(text.splitlines(), tomlkit.dumps(document).splitlines())
    return next((n for n, (line, left) in enumerate(pairs, start=1) if line != left), None)


def _remove(table: Any, key: str) -> bool:
    name = next((name for name in table if f"{key}.".startswith(f"{name}.")), None)
    if name is None:
        return False
    below = key[len(name) + 1 :]
    if below and isinstance(table[name], Mapping):
        return _remove(table[name], below)
    del table[name]
    return True
