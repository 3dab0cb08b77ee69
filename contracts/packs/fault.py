"""What can be wrong with a pack: one fault, where it is, and what to do about it.

Owns the form of a fault and the two ways to meet faults: the ledger stops at the first, an author is told of all of
them. Never decides what is wrong. Invariant: a fault's text never gets into a result or a record, so it can be improved
at any time; its path may.
"""

from collections.abc import Iterable
from difflib import get_close_matches

from ledger.errors import RemoteProtocolError

# After so many, more of them help nobody; the first ones are often the cause of the others.
FAULTS_MAX = 200


class PackFault(RemoteProtocolError):
    """Something in a pack is not as it has to be.

    `path` says where, from the table's name inwards: `type.membership.transition.join.guards[1]`; `file` is the name of
    the file where the pack came from files.
    """

    code = "pack-invalid"

    def __init__(self, template: str, **params: object) -> None:
        super().__init__(template, **params)
        self.path = ""
        self.file = ""

    def at(self, path: str) -> "PackFault":
        """This fault, at `path`."""
        self.path = path
        return self


class Faults:
    """Where faults go: with `strict`, the first one is raised; otherwise all are kept."""

    __slots__ = ("found", "strict")

    def __init__(self, *, strict: bool) -> None:
        self.strict = strict
        self.found: list[PackFault] = []

    def add(self, fault: PackFault, path: str) -> None:
        """Keep the fault at `path`, or raise it; what is beyond `FAULTS_MAX` is dropped.

        Raises:
            PackFault: if strict.
        """
        fault.at(path)
        if self.strict:
            raise fault
        if len(self.found) < FAULTS_MAX:
            self.found.append(fault)


def undeclared(what: str, name: str, known: Iterable[str]) -> PackFault:
    """The fault of a name that nothing declares; `what` is one word, such as `state`."""
    names = sorted(known)
    near = get_close_matches(name, names, 1)
    if near:
        return PackFault(
            "no {what} is declared by the name {name}; did you mean {near}?", what=what, name=repr(name), near=near[0]
        )
    if not names:
        return PackFault(
            "no {what} is declared by the name {name}, nor any other; declare it first", what=what, name=repr(name)
        )
    return PackFault(
        "no {what} is declared by the name {name}; there are {known}",
        what=what,
        name=repr(name),
        known=", ".join(names[:12]) + (", …" if len(names) > 12 else ""),
    )
