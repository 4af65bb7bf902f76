"""One request of somebody who is signed in, and the page that answers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from api.console.table import Table
from api.console.words import N_
from recsys.errors import BadQuery
from recsys.storage.access import audit
from recsys.storage.access.accounts import Role
from recsys.storage.access.audit import Action, Entry
from recsys.storage.access.sessions import Session

if TYPE_CHECKING:
    from api.model.served import Serving
    from api.service import Service
    from recsys.storage.database.interface import Database
    from recsys.storage.figures.kept import Figures


@dataclass(frozen=True, slots=True)
class Visit:
    """What a page is asked for.

    Attributes
    ----------
    service : Service
        What the API stands on too.
    who : Session
        Who asks.
    said : mapping of str to str
        The parameters of the address: all of the state of a page.
    form : mapping of str to str
        What was sent with it.
    at : int
        Now, by the clock of the service (microseconds since the epoch).
    figures : Figures or None
        What was counted last; None: it is being counted for the first time.
    root : str
        What all addresses begin with.
    language : str
        In which the page is read.
    """

    service: Service
    who: Session
    said: Mapping[str, str]
    form: Mapping[str, str]
    at: int
    figures: Figures | None
    root: str = ""
    language: str = "en"

    @property
    def serving(self) -> Serving:
        """The version that serves.

        Raises
        ------
        NoChampion
            None does.
        """
        return self.service.current.serving

    @property
    def database(self) -> Database:
        """The store."""
        return self.service.log.database

    @property
    def counted(self) -> Mapping[str, Any]:
        """What was counted last; empty before the first time."""
        return self.figures.body if self.figures else {}

    def or_counting(self, text: str) -> str:
        """Return what stands where nothing was counted; before the first count nobody knows."""
        return text if self.figures else N_("Being counted; look again in a moment.")

    def may(self, role: Role) -> bool:
        """Return whether who asks may do what a role may."""
        return self.who.role.may(role)

    def get(self, name: str, default: str = "") -> str:
        """Return a parameter of the address without blanks around it."""
        return self.said.get(name, "").strip() or default

    def one_of(self, name: str, allowed: Sequence[str]) -> str:
        """Return a parameter that is one of those allowed; the first where it is not said.

        Raises
        ------
        BadQuery
            It is something else.
        """
        found = self.get(name, allowed[0] if allowed else "")
        if found not in allowed:
            raise BadQuery(name, found, ", ".join(allowed))
        return found

    def number(self, name: str, default: float, *, low: float = 0.0, high: float = 1e9) -> float:
        """Return a parameter that is a number between two bounds.

        Raises
        ------
        BadQuery
            It is something else.
        """
        text = self.get(name, str(default))
        try:
            found = float(text.replace(",", "."))
        except ValueError:
            found = float("nan")
        if not low <= found <= high:
            raise BadQuery(name, text, f"a number from {low:g} to {high:g}")
        return found

    def note(self, action: Action, subject: str) -> None:
        """Write into the audit log what is done, before it is.

        Raises
        ------
        StoreUnavailable
            It was not written, so it must not be done.
        """
        entry = Entry(self.at, f"console ({self.who.name})", action, subject)
        audit.record(self.database, entry)

    def confirmed(self, name: str) -> str:
        """Return why a dangerous thing is done, where its name was typed again.

        Raises
        ------
        BadQuery
            The name was not typed, or no reason was given.
        """
        if self.form.get("name", "").strip() != name:
            raise BadQuery("name", self.form.get("name", ""), name)
        why = self.form.get("why", "").strip()
        if not why:
            raise BadQuery("why", "", "a reason, in words")
        return why

    def address(self, page: str, **said: object) -> str:
        """Return the address of a page in a state; what is empty is left out."""
        query = urlencode({name: value for name, value in said.items() if value not in ("", None)})
        return f"{self.root}/console{'/' if page else ''}{page}{'?' if query else ''}{query}"

    def lead_to(self, page: str, **said: object) -> Response:
        """Return the answer that leads to a page, after something was done."""
        return RedirectResponse(self.address(page, **said), 303)


@dataclass(frozen=True, slots=True)
class View:
    """What a page shows.

    Attributes
    ----------
    facts : mapping of str to Any
        For its template.
    tables : tuple of Table
        Shown, and offered as files.
    simulated : bool
        Whether any of it stands on simulated data beyond what the model was trained on.
    """

    facts: Mapping[str, Any] = field(default_factory=dict)
    tables: tuple[Table, ...] = ()

    def table(self, name: str) -> Table:
        """Return a table by its name.

        Raises
        ------
        BadQuery
            There is none of that name.
        """
        for table in self.tables:
            if table.name == name:
                return table
        raise BadQuery("table", name, ", ".join(table.name for table in self.tables))


@dataclass(frozen=True, slots=True)
class Page:
    """A page: which question it answers, for whom, and how.

    Attributes
    ----------
    name : str
        In its address; empty: the first page.
    title, question : str
        To be translated.
    role : Role
        The least that may see it.
    show : callable
        Returns what it shows.
    acts : mapping of str to (Role, callable)
        What may be done on it, by whom; each returns the answer to its form.
    """

    name: str
    title: str
    question: str
    role: Role
    show: Callable[[Visit], View]
    acts: Mapping[str, tuple[Role, Callable[[Visit], Response]]] = field(default_factory=dict)

    @property
    def template(self) -> str:
        """The file that it is written by."""
        return f"{self.name or 'home'}.html"
