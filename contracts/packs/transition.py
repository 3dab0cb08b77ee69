"""A transition: the way of a record from one state to another, who may take it and under which conditions.

Owns the declaration. Never judges a transaction. Source: docs/reference/packs.md, "Transitions".
"""

from dataclasses import dataclass

from contracts.packs.effect import Days, Effect, effect_value, read_days, read_effect
from contracts.packs.fault import Faults
from contracts.packs.form import Form
from contracts.packs.limits import (
    ACTORS_MAX,
    APPROVALS_MAX,
    ARTICLE_SIZE_BYTES_MAX,
    EFFECTS_MAX,
    FIELDS_MAX,
    GUARDS_MAX,
    STATES_MAX,
)
from contracts.packs.names import (
    ACTOR,
    ACTOR_HINT,
    FIELD_NAME,
    FIELD_NAME_HINT,
    FROM_STATE,
    NAME,
    NAME_HINT,
    ROLE,
    ROLE_HINT,
)
from contracts.packs.words import Words, read_title
from ledger.encoding import Value

# The state before a record is there.
ABSENT = ""


@dataclass(frozen=True, slots=True)
class Review:
    """`count` different persons among `actors` approve before it is done; `distinct`: the sender is none of them."""

    actors: tuple[str, ...]
    count: int
    distinct: bool

    def to_value(self) -> dict[str, Value]:
        """The canonical map."""
        value: dict[str, Value] = {"actors": list(self.actors), "count": self.count}
        return value | {"distinct": True} if self.distinct else value


@dataclass(frozen=True, slots=True)
class Vote:
    """The transition carries the counts of a vote: `quorum` and `passes` are rules on them, `electorate` is the role
    whose holders are due."""

    electorate: str
    passes: str
    quorum: str | None = None

    def to_value(self) -> dict[str, Value]:
        """The canonical map."""
        value: dict[str, Value] = {"electorate": self.electorate, "passes": self.passes}
        return value if self.quorum is None else value | {"quorum": self.quorum}


@dataclass(frozen=True, slots=True)
class Deadline:
    """So many days after the transition, `then` is taken by nobody, if the record is still in the same state.

    `working`: working days of the organisation's calendar are counted.
    """

    days: Days
    working: bool
    then: str

    def to_value(self) -> dict[str, Value]:
        """The canonical map."""
        return {"working_days" if self.working else "days": self.days, "then": self.then}


@dataclass(frozen=True, slots=True)
class Transition:
    """One transition. `from_states` holds the empty text where it creates the record.

    `sets`: fields that may be given with it. `requires`: fields that are there afterwards. `minimum_stay`: days that
    the record was in its state before. `automatic`: taken by a deadline. `decides`: it decides on a person, so it is
    always people who take it.
    """

    name: str
    from_states: tuple[str, ...]
    to: str
    title: Words
    by: tuple[str, ...]
    article: str = ""
    sets: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()
    minimum_stay: Days | None = None
    review: Review | None = None
    vote: Vote | None = None
    deadline: Deadline | None = None
    automatic: bool = False
    decides: bool = False
    effects: tuple[Effect, ...] = ()

    @property
    def creates(self) -> bool:
        """Whether it can make a record that was not there."""
        return ABSENT in self.from_states

    @property
    def rules(self) -> tuple[str, ...]:
        """The names of all rules that it asks, in order."""
        voted = () if self.vote is None else (self.vote.quorum, self.vote.passes)
        return (*self.guards, *(name for name in voted if name))

    def to_value(self) -> dict[str, Value]:
        """The canonical map; what is left out has its default."""
        value: dict[str, Value] = {"from": list(self.from_states), "title": self.title.to_value(), "to": self.to}
        for key, names in (("by", self.by), ("sets", self.sets), ("requires", self.requires), ("guards", self.guards)):
            if names:
                value[key] = list(names)
        for key, part in (("review", self.review), ("vote", self.vote), ("deadline", self.deadline)):
            if part is not None:
                value[key] = part.to_value()
        for key, flag in (("automatic", self.automatic), ("decides", self.decides)):
            if flag:
                value[key] = True
        if self.article:
            value["article"] = self.article
        if self.minimum_stay is not None:
            value["minimum_stay_days"] = self.minimum_stay
        if self.effects:
            value["effects"] = [effect_value(effect) for effect in self.effects]
        return value

    @classmethod
    def read(cls, name: str, value: Value, path: str, faults: Faults) -> "Transition":
        """The transition in the map `value`."""
        form = Form(value, path, faults)
        found = [read_effect(one, where, faults) for one, where in form.items("effects", EFFECTS_MAX)]
        transition = cls(
            name=name,
            from_states=_from_states(form),
            to=form.matching("to", NAME, NAME_HINT),
            title=read_title(form),
            by=form.names("by", ACTOR, ACTOR_HINT, ACTORS_MAX),
            article=form.text("article", ARTICLE_SIZE_BYTES_MAX, optional=True),
            sets=form.names("sets", FIELD_NAME, FIELD_NAME_HINT, FIELDS_MAX),
            requires=form.names("requires", FIELD_NAME, FIELD_NAME_HINT, FIELDS_MAX),
            guards=form.names("guards", NAME, NAME_HINT, GUARDS_MAX),
            minimum_stay=_minimum_stay(form),
            review=_review(form.form("review")),
            vote=_vote(form.form("vote")),
            deadline=_deadline(form.form("deadline")),
            automatic=form.boolean("automatic"),
            decides=form.boolean("decides"),
            effects=tuple(effect for effect in found if effect is not None),
        )
        form.close()
        return transition


def _from_states(form: Form) -> tuple[str, ...]:
    # The reading of names drops empty ones, as it drops what is faulty.
    listed = form.take("from")
    creates = isinstance(listed, list) and ABSENT in listed
    named = form.names("from", FROM_STATE, NAME_HINT, STATES_MAX + 1, least=1)
    return ((ABSENT,) if creates else ()) + named


def _minimum_stay(form: Form) -> Days | None:
    return None if form.take("minimum_stay_days") is None else read_days(form, "minimum_stay_days")


def _review(form: Form | None) -> Review | None:
    if form is None:
        return None
    review = Review(
        form.names("actors", ACTOR, ACTOR_HINT, ACTORS_MAX, least=1),
        form.integer("count", 1, APPROVALS_MAX),
        form.boolean("distinct"),
    )
    form.close()
    return review


def _vote(form: Form | None) -> Vote | None:
    if form is None:
        return None
    vote = Vote(
        form.matching("electorate", ROLE, ROLE_HINT),
        form.matching("passes", NAME, NAME_HINT),
        form.matching("quorum", NAME, NAME_HINT, optional=True) or None,
    )
    form.close()
    return vote


def _deadline(form: Form | None) -> Deadline | None:
    if form is None:
        return None
    working = "working_days" in form
    days = read_days(form, "working_days" if working else "days")
    deadline = Deadline(days, working, form.matching("then", NAME, NAME_HINT))
    form.close()
    return deadline
