"""Whether a transition makes sense in its record type: the names in it, and what it asks for at the same time.

Owns the checks of one transition against its type. Never looks at other types, nor into expressions.
"""

from contracts.packs.effect import OpenCase, SetField
from contracts.packs.fault import Faults, PackFault, undeclared
from contracts.packs.record_type import TypeDefinition
from contracts.packs.transition import ABSENT, Transition


class TransitionCheck:
    """The check of one transition under way."""

    __slots__ = ("_definition", "_faults", "_one", "_path")

    def __init__(self, definition: TypeDefinition, one: Transition, path: str, faults: Faults) -> None:
        """`path` is the transition's own."""
        self._definition = definition
        self._one = one
        self._path = path
        self._faults = faults

    def run(self) -> None:
        """Note everything that is wrong with the transition."""
        self._check_names()
        self._check_days()
        self._check_actors()
        self._check_automatic()
        self._check_deadline()
        self._check_fields()
        self._check_effects()

    def _add(self, key: str, fault: PackFault) -> None:
        self._faults.add(fault, f"{self._path}.{key}" if key else self._path)

    def _check_names(self) -> None:
        one, definition = self._one, self._definition
        for index, state in enumerate(one.from_states):
            if state != ABSENT and state not in definition.states:
                self._add(f"from[{index}]", undeclared("state", state, definition.states))
        if one.to and one.to not in definition.states:
            self._add("to", undeclared("state", one.to, definition.states))
        for key, names in (("sets", one.sets), ("requires", one.requires)):
            for index, name in enumerate(names):
                if name not in definition.fields:
                    self._add(f"{key}[{index}]", undeclared("field", name, definition.fields))
        for index, name in enumerate(one.guards):
            if name not in definition.rules:
                self._add(f"guards[{index}]", undeclared("rule", name, definition.rules))
        if one.vote is not None:
            for key, rule in (("quorum", one.vote.quorum), ("passes", one.vote.passes)):
                if rule and rule not in definition.rules:
                    self._add(f"vote.{key}", undeclared("rule", rule, definition.rules))

    def _check_days(self) -> None:
        one = self._one
        days = [("minimum_stay_days", one.minimum_stay)]
        if one.deadline is not None:
            days.append(("deadline.working_days" if one.deadline.working else "deadline.days", one.deadline.days))
        days += [
            (f"effects[{index}].days", effect.days)
            for index, effect in enumerate(one.effects)
            if isinstance(effect, OpenCase)
        ]
        for key, value in days:
            if isinstance(value, str) and value:
                parameter = self._definition.parameters.get(value)
                if parameter is None:
                    self._add(key, undeclared("parameter", value, self._definition.parameters))
                elif parameter.type != "integer" or (parameter.least is None or parameter.least < 0):
                    self._add(
                        key,
                        PackFault(
                            "the parameter {name} counts days: it has to be an integer whose `least` is 0 or more",
                            name=value,
                        ),
                    )
        if one.minimum_stay is not None and one.creates:
            self._add(
                "minimum_stay_days", PackFault("a record that is only created has not stayed anywhere; leave this out")
            )

    def _check_actors(self) -> None:
        one = self._one
        # An actor that is malformed was told already.
        told = any(fault.path.startswith(f"{self._path}.by[") for fault in self._faults.found)
        if not one.automatic and not one.by and not told:
            self._add("by", PackFault('nobody may take the transition; name actors, such as `by = ["role:secretary"]`'))
        reviewers = one.review.actors if one.review is not None else ()
        for key, actors in (("by", one.by), ("review.actors", reviewers)):
            if "self" in actors and self._definition.subject is None:
                self._add(key, PackFault("`self` is the person in the field `subject`, and the type names none"))
            if "creator" in actors and one.creates:
                self._add(key, PackFault("`creator` cannot act on a record that is not there yet"))

    def _check_automatic(self) -> None:
        one = self._one
        if one.automatic and one.decides:
            self._add(
                "automatic",
                PackFault("the transition decides on a person, so people have to take it; drop `automatic`"),
            )
        if one.automatic and (one.review is not None or one.vote is not None or one.creates):
            self._add(
                "automatic",
                PackFault(
                    "nobody is there when it is taken by itself: no `review`, `vote` or creating of a record; "
                    "where only an effect `advance` takes it, name people in `by` instead"
                ),
            )

    def _check_deadline(self) -> None:
        deadline = self._one.deadline
        if deadline is None or not deadline.then:
            return
        then = self._definition.transitions.get(deadline.then)
        if then is None:
            self._add("deadline.then", undeclared("transition", deadline.then, self._definition.transitions))
            return
        if not then.automatic:
            self._add(
                "deadline.then",
                PackFault(
                    "a deadline takes automatic transitions only; {name} needs `automatic = true`", name=then.name
                ),
            )
        if self._one.to not in then.from_states:
            self._add(
                "deadline.then",
                PackFault(
                    "{name} does not start from the state {state}, where this leads", name=then.name, state=self._one.to
                ),
            )

    def _check_fields(self) -> None:
        one, fields = self._one, self._definition.fields
        # What is set under a condition may stay away.
        surely = (effect for effect in one.effects if isinstance(effect, SetField) and effect.when is None)
        set_here = {*one.sets, *(effect.field for effect in surely)}
        anywhere = fields_set_somewhere(self._definition)
        for index, name in enumerate(one.requires):
            if name in fields and name not in (set_here if set(one.from_states) == {ABSENT} else anywhere):
                self._add(
                    f"requires[{index}]",
                    PackFault("the field {name} is required and cannot be there: nothing sets it before", name=name),
                )
        if one.creates:
            for name, field in fields.items():
                if field.required and name not in set_here:
                    self._add(
                        "sets",
                        PackFault(
                            "the transition creates the record without the required field {name}; set it", name=name
                        ),
                    )
        for index, name in enumerate(one.sets):
            if name in self._definition.id and not one.creates:
                self._add(
                    f"sets[{index}]",
                    PackFault("the field {name} is part of the record's id and never changes", name=name),
                )
        if one.to in one.from_states and len(one.from_states) > 1:
            self._add("to", PackFault("a transition that stays in a state starts from that state only; make two of it"))

    def _check_effects(self) -> None:
        for index, effect in enumerate(self._one.effects):
            where = f"effects[{index}]"
            if isinstance(effect, SetField) and effect.field:
                field = self._definition.fields.get(effect.field)
                if field is None:
                    self._add(f"{where}.field", undeclared("field", effect.field, self._definition.fields))
                elif field.is_detached:
                    self._add(f"{where}.field", PackFault("the value of {name} is not on the ledger", name=field.name))
                elif field.name in self._definition.id:
                    self._add(
                        f"{where}.field",
                        PackFault("the field {name} is part of the record's id and never changes", name=field.name),
                    )


def fields_set_somewhere(definition: TypeDefinition) -> frozenset[str]:
    """The fields that some transition sets, by who takes it or by itself."""
    return frozenset(
        name
        for one in definition.transitions.values()
        for name in (*one.sets, *(effect.field for effect in one.effects if isinstance(effect, SetField)))
    )
