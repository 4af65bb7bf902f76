"""Where the configuration is read from."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recsys.config import Config, parse
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
        The file is no TOML, or a key of it is wrong; says in which line.
    ConfigError
        The environment is wrong.
    """
    if path is None and not DEFAULT.exists():
        return parse({}, environment)
    path = path or DEFAULT
    text = _text(path)
    file = _parsed(path, text)
    try:
        parse(file, {})
    except (UnknownKey, BadValue) as mistake:
        raise BadConfigFile(path, _line_of(mistake.key, text), mistake) from mistake
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


def _line_of(key: str, text: str) -> int | None:
    """Return the line that sets the dotted `key`; tables and dotted keys are both understood."""
    section = ""
    for number, line in enumerate(text.splitlines(), start=1):
        bare = line.split("#", 1)[0].strip()
        if bare.startswith("["):
            section = bare.strip("[] ")
            name = section
        else:
            name = ".".join(filter(None, (section, bare.split("=", 1)[0].strip())))
        if bare and name.replace('"', "") == key:
            return number
    return None
