"""Trees of frozen dataclasses: written, checked, read back."""

from __future__ import annotations

import hashlib
import math
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, make_dataclass, replace
from enum import Enum, StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from recsys.data.ids import IdMap, UserId
from recsys.storage.models import artifact
from recsys.storage.models.errors import CorruptArtifact


class Colour(StrEnum):
    RED = "red"
    DEEP_BLUE = "deep blue"


class Size(Enum):
    SMALL = 1
    LARGE = 2


@dataclass(frozen=True, slots=True)
class Als:
    factors: NDArray[np.float32]
    alpha: float


@dataclass(frozen=True, slots=True)
class Neighbours:
    similar: NDArray[np.int32]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tree:
    name: str
    user_id: UserId
    count: int
    share: float
    on: bool
    colour: Colour
    size: Size
    mode: Literal["slow", "fast"]
    maybe: str | None
    number: int | str
    names: tuple[str, ...]
    pair: Annotated[tuple[int, str], "row and name"]
    array: NDArray[Any]
    maybe_array: NDArray[np.int64] | None
    model: Als | Neighbours | None
    parts: tuple[Als | Neighbours, ...]
    by_name: Mapping[str, Als]
    by_colour: Mapping[Colour, float]
    notes: Mapping[str, Any]
    kids: tuple[Tree, ...]


arrays = hnp.arrays(
    st.sampled_from(["<f4", "<f8", "<i4", "<i8", "i1", "u1", "?", "<U3", ">f4", "<M8[us]"]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
whole = st.integers(-(2**63), 2**63 - 1)
als = st.builds(Als, arrays, st.floats())
neighbours = st.builds(Neighbours, arrays, st.lists(texts).map(tuple))
plain = st.recursive(
    st.none() | st.booleans() | whole | st.floats() | texts,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(texts.filter(lambda key: not key.startswith("$")), inner, max_size=3)
    ),
    max_leaves=6,
)


def trees(kids: st.SearchStrategy[tuple[Tree, ...]]) -> st.SearchStrategy[Tree]:
    return st.builds(
        Tree,
        name=texts,
        user_id=texts.map(UserId),
        count=whole,
        share=st.floats(),
        on=st.booleans(),
        colour=st.sampled_from(Colour),
        size=st.sampled_from(Size),
        mode=st.sampled_from(["slow", "fast"]),
        maybe=st.none() | texts,
        number=whole | texts,
        names=st.lists(texts, max_size=4).map(tuple),
        pair=st.tuples(whole, texts),
        array=arrays,
        maybe_array=st.none() | arrays,
        model=st.none() | als | neighbours,
        parts=st.lists(als | neighbours, max_size=3).map(tuple),
        by_name=st.dictionaries(texts, als, max_size=3),
        by_colour=st.dictionaries(st.sampled_from(Colour), st.floats()),
        notes=st.dictionaries(texts.filter(lambda k: not k.startswith("$")), plain, max_size=3),
        kids=kids,
    )


any_tree = trees(st.lists(trees(st.just(())), max_size=2).map(tuple))


def same(one: Any, other: Any) -> bool:
    """Equal in type and value all the way down; NaN equals NaN, dtype and shape count."""
    if isinstance(one, np.ndarray):
        alike = one.dtype == other.dtype and one.shape == other.shape
        return bool(alike and one.tobytes() == other.tobytes())
    if type(one) is not type(other):
        return False
    if is_dataclass(one):
        return all(same(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))
    if isinstance(one, (tuple, list)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    return one == other or (isinstance(one, float) and math.isnan(one) and math.isnan(other))


@given(any_tree)
@settings(max_examples=25, deadline=None)
def test_what_is_read_is_what_was_written(tree: Tree) -> None:
    with TemporaryDirectory() as folder:
        files = artifact.write(Path(folder), tree)
        assert same(artifact.read(Path(folder), Tree, files), tree)


@given(any_tree)
@settings(max_examples=10, deadline=None)
def test_the_same_value_gives_the_same_bytes(tree: Tree) -> None:
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        assert artifact.write(Path(one), tree) == artifact.write(Path(other), tree)


@given(any_tree, st.data())
@settings(max_examples=30, deadline=None)
def test_a_flipped_bit_anywhere_is_refused_by_name(tree: Tree, data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        files = artifact.write(Path(folder), tree)
        victim = data.draw(st.sampled_from(sorted(files)))
        path = Path(folder) / victim
        content = bytearray(path.read_bytes())
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        path.write_bytes(bytes(content))
        with pytest.raises(CorruptArtifact) as refused:
            artifact.read(Path(folder), Tree, files)
        assert refused.value.file == victim


MODEL = Als(np.arange(6, dtype=np.float32).reshape(2, 3), alpha=40.0)


def test_a_nested_field_becomes_a_folder(tmp_path: Path) -> None:
    models = make_dataclass("Models", [("als", Als), ("ids", IdMap)], frozen=True)
    files = artifact.write(tmp_path, models(MODEL, IdMap.of(["b", "a"])))
    assert list(files) == ["als/factors.npy", "facts.json", "ids/blob.npy", "ids/offsets.npy"]
    assert list(artifact.read(tmp_path, models, files).ids) == ["a", "b"]


def test_facts_are_readable_json_with_sorted_keys(tmp_path: Path) -> None:
    artifact.write(tmp_path, replace(MODEL, alpha=math.inf))
    expected = '{"alpha":{"$float":"inf"},"factors":{"$array":"factors.npy"}}\n'
    assert (tmp_path / "facts.json").read_text() == expected


def test_large_arrays_are_mapped_and_none_can_be_written_to(tmp_path: Path) -> None:
    large = replace(MODEL, factors=np.ones((1_000, 100), np.float32))
    for model, mapped in ((large, True), (MODEL, False)):
        folder = tmp_path / str(mapped)
        factors = artifact.read(folder, Als, artifact.write(folder, model)).factors
        assert type(factors) is np.ndarray
        assert isinstance(factors.base, np.memmap) is mapped
        with pytest.raises(ValueError, match="read-only"):
            factors[0, 0] = 2


def test_an_array_read_from_a_version_can_be_written_to_the_next(tmp_path: Path) -> None:
    large = replace(MODEL, factors=np.ones((1_000, 100), np.float32))
    files = artifact.write(tmp_path / "one", large)
    again = artifact.write(tmp_path / "two", artifact.read(tmp_path / "one", Als, files))
    assert files == again


def test_a_million_ids_are_quick(tmp_path: Path) -> None:
    names = tuple(f"user-{number}" for number in range(1_000_000))
    value = Neighbours(np.empty((0, 5), np.int32), names)
    files = artifact.write(tmp_path, value)
    assert artifact.read(tmp_path, Neighbours, files).names == names


def test_numpy_scalars_come_back_as_python_numbers(tmp_path: Path) -> None:
    files = artifact.write(tmp_path, replace(MODEL, alpha=np.float32(0.5)))  # type: ignore[arg-type]
    alpha = artifact.read(tmp_path, Als, files).alpha
    assert (type(alpha), alpha) == (float, 0.5)


@dataclass(frozen=True)
class Notes:
    said: Any


def test_free_notes_come_back_as_json_has_them(tmp_path: Path) -> None:
    said = {Colour.RED: (1, np.int64(2)), 20: MODEL.alpha, "at": Notes(math.nan), "why": Colour.RED}
    files = artifact.write(tmp_path, Notes(said))
    back = artifact.read(tmp_path, Notes, files).said
    assert same(back, {"red": [1, 2], "20": 40.0, "at": {"said": math.nan}, "why": "red"})


@pytest.mark.parametrize(
    "key", ["../../etc/passwd", "/etc", "..", ".", "", "A" * 300, "é\n", "a/b"]
)
def test_no_key_leaves_the_folder(tmp_path: Path, key: str) -> None:
    arms = make_dataclass("Arms", [("arms", Mapping[str, Als])], frozen=True)
    files = artifact.write(tmp_path / "in", arms({key: MODEL, "email": MODEL}))
    assert {path.name for path in tmp_path.iterdir()} == {"in"}
    assert "arms/email/factors.npy" in files
    assert artifact.read(tmp_path / "in", arms, files).arms.keys() == {key, "email"}


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    files = artifact.write(tmp_path / "v1", MODEL)
    (tmp_path / "v1" / "factors.npy").unlink()
    with pytest.raises(CorruptArtifact, match=r"version v1 refused: factors\.npy is missing"):
        artifact.read(tmp_path / "v1", Als, files)


def test_a_surplus_file_is_named(tmp_path: Path) -> None:
    files = artifact.write(tmp_path, MODEL)
    (tmp_path / "extra.npy").write_bytes(b"")
    with pytest.raises(CorruptArtifact, match=r"extra\.npy was not part of it"):
        artifact.read(tmp_path, Als, files)


def test_a_broken_link_is_named(tmp_path: Path) -> None:
    files = artifact.write(tmp_path, MODEL)
    (tmp_path / "factors.npy").unlink()
    (tmp_path / "factors.npy").symlink_to("nowhere")
    with pytest.raises(CorruptArtifact, match=r"factors\.npy cannot be read: No such file"):
        artifact.read(tmp_path, Als, files)


def test_nothing_is_unpickled_even_when_hashes_agree(tmp_path: Path) -> None:
    files = artifact.write(tmp_path, MODEL)
    (tmp_path / "factors.npy").write_bytes(evil := pickle.dumps(MODEL.factors))
    files["factors.npy"] = hashlib.sha256(evil).hexdigest()
    with pytest.raises(CorruptArtifact, match=r"factors\.npy is not an array"):
        artifact.read(tmp_path, Als, files)


def test_an_array_outside_the_listed_files_is_refused(tmp_path: Path) -> None:
    files = artifact.write(tmp_path, MODEL)
    facts = (tmp_path / "facts.json").read_bytes().replace(b"factors.npy", b"../../f.npy")
    (tmp_path / "facts.json").write_bytes(facts)
    files["facts.json"] = hashlib.sha256(facts).hexdigest()
    with pytest.raises(CorruptArtifact, match=r"\.\./\.\./f\.npy is not a file of this version"):
        artifact.read(tmp_path, Als, files)


@dataclass(frozen=True)
class Renamed:
    factors: NDArray[np.float32]
    alfa: float


@dataclass(frozen=True)
class Retyped:
    factors: NDArray[np.float32]
    alpha: str


@dataclass(frozen=True)
class Nested:
    factors: NDArray[np.float32]
    alpha: Als


@dataclass(frozen=True)
class Enumerated:
    factors: NDArray[np.float32]
    alpha: Colour


@dataclass(frozen=True)
class Chosen:
    factors: NDArray[np.float32]
    alpha: Als | Neighbours


@dataclass(frozen=True)
class Shrunk:
    alpha: float


@dataclass(frozen=True)
class Listed:
    factors: tuple[int, ...]
    alpha: float


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Renamed, "alfa is missing"),
        (Retyped, "alpha should be str, is 40.0"),
        (Nested, "alpha should be Als, is 40.0"),
        (Enumerated, "alpha should be Colour, is 40.0"),
        (Chosen, "alpha should be one of Als, Neighbours, is 40.0"),
        (Listed, "factors should be tuple"),
        (Neighbours, "similar is missing"),
        (Shrunk, "the whole Extra fields in constructor for Shrunk: factors"),
    ],
)
def test_facts_of_other_code_say_where_they_do_not_fit(
    tmp_path: Path, kind: type, message: str
) -> None:
    files = artifact.write(tmp_path, MODEL)
    with pytest.raises(CorruptArtifact, match=message) as refused:
        artifact.read(tmp_path, kind, files)
    assert refused.value.file == "facts.json"


class Subclass(Als):
    pass


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (Als("no array", 1.0), "factors should be an array, is 'no array'"),  # type: ignore[arg-type]
        (Als(np.array([object()]), 1.0), "factors: .* is not an array"),
        (Als(np.ma.masked_array([1.0], [True]), 1.0), "factors: .* is not an array"),
        (Als(np.zeros(1), "high"), "alpha should be float, is 'high'"),  # type: ignore[arg-type]
        (Als(np.zeros(1), True), "alpha should be float, is True"),  # type: ignore[arg-type]
        (Neighbours(np.zeros(1), ["a"]), r"\['a'\] is not tuple"),  # type: ignore[arg-type]
        (Neighbours(np.zeros(1), "abc"), "'abc' is not tuple"),  # type: ignore[arg-type]
        (Neighbours(np.zeros(1), ("a", 1)), "names/1 should be str, is 1"),  # type: ignore[arg-type]
        (Notes({"a": [object()]}), "said/a/0: <class 'object'> is not JSON"),
        (Notes({None: 1}), "said: a JSON key must be str or int"),
        (Notes({"$float": 1}), "said: a JSON key must be"),
    ],
)
def test_what_could_not_be_read_back_is_not_written(
    tmp_path: Path, value: Any, message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        artifact.write(tmp_path, value)


def test_a_subclass_would_lose_what_it_adds_and_is_not_written(tmp_path: Path) -> None:
    holder = make_dataclass("Holder", [("als", Als)], frozen=True)
    with pytest.raises(TypeError, match=r"Subclass.* is not Als"):
        artifact.write(tmp_path, holder(Subclass(MODEL.factors, 1.0)))


@pytest.mark.parametrize(
    "kind", [bytes, list[int], set[str], Mapping[int, str], tuple[int, ...] | tuple[str, ...]]
)
def test_annotations_that_cannot_be_rebuilt_are_refused(tmp_path: Path, kind: Any) -> None:
    holder = make_dataclass("Holder", [("what", kind)], frozen=True)
    with pytest.raises(TypeError):
        artifact.write(tmp_path, holder({1: "a"}))
