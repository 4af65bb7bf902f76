"""Rules that say who belongs to a cohort: values, read from JSON; nothing is ever executed.

::

    rule      {"all": [rule, …]}   {"any": [rule, …]}   {"not": rule}   or a leaf
    leaf      {"event": kind, "count": {"gte": 3}, "value": {"lt": 100},
               "within_days": 30, "where": [condition, …]}
              {"sequence": [{"event": kind, "where": […]}, …], "span_days": 7, "within_days": 30}
              {"trait": name, "op": op, "value": …}
              {"score": name, "op": op, "value": number}
              {"segment": name}
    condition {"prop": name, "op": op, "value": …}
"""

from __future__ import annotations

from dataclasses import dataclass

MAX_DEPTH = 6
MAX_LEAVES = 100
MAX_STEPS = 10
COMPARISONS = ("eq", "ne", "gt", "gte", "lt", "lte")
ORDERINGS = COMPARISONS[2:]
OPS = (*COMPARISONS, "in", "contains", "exists")
TEXT_PROPS = ("item_id", "category", "title")
NUMBER_PROPS = ("price", "quantity", "value")


@dataclass(frozen=True, slots=True)
class Condition:
    """A thing that must be so: `op` among ``OPS``, against a text, a number or several of them.

    What is not known never satisfies a condition, whatever the `op`; `exists` asks just that.
    """

    what: str
    op: str
    value: str | float | tuple[str | float, ...] | None


@dataclass(frozen=True, slots=True)
class RuleBounds:
    """What a count or a sum has to be: pairs of a comparison and a number, all of which hold."""

    bounds: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class EventMatch:
    """An event of a kind, of which all conditions hold."""

    kind: str
    where: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Happened:
    """How often something happened, or how much money it was, lately or ever."""

    step: EventMatch
    count: RuleBounds | None
    value: RuleBounds | None
    within_days: float


@dataclass(frozen=True, slots=True)
class Sequence:
    """Events one after the other, from first to last within `span_days`, lately or ever."""

    steps: tuple[EventMatch, ...]
    span_days: float
    within_days: float


@dataclass(frozen=True, slots=True)
class Trait:
    """What the user said."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class Score:
    """What a model says of the user."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class InSegment:
    """Whether the user is in a segment now."""

    name: str


Says = Happened | Sequence | Trait | Score | InSegment


@dataclass(frozen=True, slots=True)
class RuleLeaf:
    """A part of a rule that decides by itself.

    Attributes
    ----------
    index : int
        Its place among the leaves of the rule.
    path : str
        Where it stands in the JSON: ``rule.all[0].not``.
    says : Says
        What it asks.
    """

    index: int
    path: str
    says: Says


@dataclass(frozen=True, slots=True)
class Junction:
    """All, or any, of several rules, in their order."""

    every: bool
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """The opposite of a rule."""

    part: Node


Node = RuleLeaf | Junction | Negation


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, read.

    Attributes
    ----------
    root : Node
        What it asks.
    leaves : tuple of RuleLeaf
        Its leaves, in the order of the JSON.
    """

    root: Node
    leaves: tuple[RuleLeaf, ...]

    @property
    def profiles(self) -> bool:
        """Whether it looks at behaviour: then whoever denied profiling is in no such cohort."""
        return any(not isinstance(leaf.says, Trait) for leaf in self.leaves)
