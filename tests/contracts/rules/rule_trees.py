"""Strategies: well-typed trees of every kind of node, and environments, nasty values included."""

from typing import Any, TypeVar

from hypothesis import strategies as st

from contracts.rules import opcodes
from contracts.rules.tree import Node
from contracts.rules.types import (
    BOOLEAN,
    DATE,
    HASH,
    INTEGER,
    MONEY,
    TEXT,
    TIME,
    EnumType,
    ListType,
    OptionalType,
    RecordType,
    ReferenceType,
    ScalarType,
    Type,
)
from tests.contracts.rules.known_scope import COMPANY, LIST_MAX, MEMBER, NAMES, ORDINARY, STAGE, UNIT, Values

INTEGERS = st.one_of(
    st.integers(-3, 3), st.integers(-(2**63), 2**63 - 1), st.sampled_from((-(2**63), 2**63 - 1, 2**62, 12, 100))
)
DATES = st.one_of(
    st.integers(-5, 40_000), st.integers(-719_162, 2_932_896), st.sampled_from((-719_162, 2_932_896, 19_781, 10_957))
)
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=6)
ORDERED = (INTEGER, MONEY, DATE, TIME)
SIGNS = ("<", "<=", ">", ">=", "==", "!=")
T = TypeVar("T")
ROUNDINGS = ("half-up", "half-even", "down", "up")
VARIABLES = ("x", "y", "z", "v", "w")
# Where all of them are taken: nothing is nested below it.
INNERMOST = "u"


def values_of(wanted: Type) -> st.SearchStrategy[Any]:
    """Values of a type, now and then one outside of what the type promises."""
    match wanted:
        case OptionalType(item):
            return st.none() | values_of(item)
        case ListType(item, count_max):
            return st.lists(values_of(item), max_size=count_max + 1)
        case RecordType(fields=fields):
            return st.fixed_dictionaries({name: values_of(of) for name, of in fields})
        case EnumType(values=values):
            return st.sampled_from(values)
        case ReferenceType():
            return st.sampled_from(("district/branch-1", "district/branch-2", "district"))
    scalars: dict[Type, st.SearchStrategy[Any]] = {
        BOOLEAN: st.booleans(),
        INTEGER: INTEGERS,
        MONEY: INTEGERS,
        DATE: st.one_of(DATES, DATES, DATES, INTEGERS),
        TIME: st.one_of(INTEGERS, DATES.map(lambda day: day * 86_400_000)),
        TEXT: TEXTS,
        HASH: st.binary(min_size=32, max_size=32),
    }
    return scalars[wanted]


@st.composite
def environments(draw: st.DrawFn) -> Values:
    """Random answers for every name and function; now and then nothing where something has to be."""
    values: dict[str, Any] = dict(ORDINARY)
    for name in draw(st.sets(st.sampled_from(sorted(NAMES)), max_size=10)):
        values[name] = draw(values_of(NAMES[name]))
    calls = {
        "has_role": draw(st.booleans()),
        "depth_of": draw(INTEGERS),
        "last_talk": draw(st.none() | DATES),
        "members_of": draw(st.lists(values_of(MEMBER), max_size=3)),
    }
    if draw(st.integers(0, 9)) == 0:
        values[draw(st.sampled_from(sorted(NAMES)))] = None
    if draw(st.integers(0, 19)) == 0:
        calls[draw(st.sampled_from(sorted(calls)))] = None
    if draw(st.integers(0, 9)) == 0:
        values["sponsors"] = [{}]
    return Values(values, calls, draw(st.integers(-720, 840)))


class Trees:
    """Draws nodes of a wanted type."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.variables: dict[str, Type] = {}
        # Optional paths that are known to be there, with the type that they then have.
        self.there: list[tuple[Node, Type]] = []

    def pick(self, *choices: T) -> T:
        return self.draw(st.sampled_from(choices))

    def pick_type(self, *choices: Type) -> Type:
        return self.draw(st.sampled_from(choices))

    def node(self, wanted: Type, depth: int) -> Node:
        if depth <= 0 or self.draw(st.integers(0, 4)) == 0:
            return self.leaf(wanted, depth)
        if self.draw(st.integers(0, 5)) == 0:
            return self.of_any_type(wanted, depth - 1)
        match wanted:
            case ScalarType("boolean"):
                return self.condition(depth - 1)
            case ScalarType("integer") | ScalarType("money"):
                return self.number(wanted, depth - 1)
            case ScalarType("date"):
                return self.date(depth - 1)
            case ListType(item) if item == MEMBER:
                least = self.node(INTEGER, depth - 1)
                return Node("call", ("members_of",), (self.node(UNIT, depth - 1), least))
        return self.leaf(wanted, depth)

    def leaf(self, wanted: Type, depth: int) -> Node:
        names = [Node("name", (name,)) for name, of in {**NAMES, **self.variables}.items() if of == wanted]
        records = [Node("name", ("member",))] + [
            Node("name", (name,)) for name, of in self.variables.items() if of == MEMBER
        ]
        fields = [Node("field", (name,), (one,)) for one in records for name, of in MEMBER.fields if of == wanted]
        there = [node for node, of in self.there if of == wanted]
        choices = names + fields + there
        no_literals = wanted == HASH or isinstance(wanted, ListType | RecordType | OptionalType)
        if choices and (no_literals or self.draw(st.booleans())):
            return self.pick(*choices)
        return self.literal(wanted) or self.pick(*choices)

    def literal(self, wanted: Type) -> Node | None:
        match wanted:
            case ScalarType("boolean"):
                return Node("boolean", (self.draw(st.booleans()),))
            case ScalarType("integer") | ScalarType("money"):
                return Node(wanted.name, (self.draw(INTEGERS),))
            case ScalarType("date"):
                return Node("date", (self.draw(DATES),))
            case ScalarType("text"):
                return Node("text", (self.draw(TEXTS),))
            case EnumType() | ReferenceType():
                return Node("text", (self.draw(values_of(wanted)),))
        return None

    def of_any_type(self, wanted: Type, depth: int) -> Node:
        """What has the type of its operands."""
        kind = self.pick("if", "default", "narrow", "extreme")
        optional = [name for name, of in NAMES.items() if of == OptionalType(wanted)]
        if kind == "default" and optional:
            return Node("call", ("default",), (Node("name", (self.pick(*optional),)), self.node(wanted, depth)))
        if kind == "extreme" and wanted in ORDERED:
            extreme = self.elements(self.pick("min", "max"), wanted, depth)
            return Node("call", ("default",), (extreme, self.node(wanted, depth)))
        if kind == "narrow":
            return self.narrowed(wanted, depth)
        if isinstance(wanted, OptionalType):
            return self.leaf(wanted, depth)
        condition = self.node(BOOLEAN, depth)
        return Node("if", (), (condition, self.node(wanted, depth), self.node(wanted, depth)))

    def narrowed(self, wanted: Type, depth: int) -> Node:
        """One of the shapes in which something optional is tested and then used."""
        name = self.pick("limit", "paid", "until", "sponsor", "member.talk", "member.company")
        path, of = Node("name", (name.split(".")[0],)), NAMES[name.split(".")[0]]
        if "." in name:
            path = Node("field", (name.split(".")[1],), (path,))
            found = MEMBER.field(name.split(".")[1])
            assert found is not None
            of = found
        assert isinstance(of, OptionalType)
        known = len(self.there)
        self.there.append((path, of.item))
        if of.item == MEMBER:
            self.there.append((Node("field", ("since",), (path,)), DATE))
        if of.item == COMPANY:
            self.there.append((Node("field", ("name",), (path,)), TEXT))
        inside = self.node(wanted, depth)
        del self.there[known:]
        if wanted == BOOLEAN and self.draw(st.booleans()):
            if self.draw(st.booleans()):
                return Node("and", (), (Node("is-not-none", (), (path,)), inside))
            return Node("or", (), (Node("is-none", (), (path,)), inside))
        outside = self.node(wanted, depth)
        if self.draw(st.booleans()):
            test = Node("not", (), (Node("is-none", (), (path,)),))
            return Node("if", (), (test, inside, outside))
        return Node("if", (), (Node("is-none", (), (path,)), outside, inside))

    def condition(self, depth: int) -> Node:
        kind = self.pick(
            "not",
            "and",
            "or",
            "compare",
            "compare",
            "chain",
            "equal",
            "in",
            "fraction",
            "loop",
            "role",
            "prefix",
            "none",
        )
        if kind in ("and", "or"):
            count = self.draw(st.integers(2, 3))
            return Node(kind, (), tuple(self.node(BOOLEAN, depth) for _ in range(count)))
        if kind == "not":
            return Node("not", (), (self.node(BOOLEAN, depth),))
        if kind == "compare" or kind == "chain":
            of = self.pick_type(*ORDERED)
            count = 1 if kind == "compare" else self.draw(st.integers(2, 3))
            signs = tuple(self.pick(*SIGNS) for _ in range(count))
            return Node("compare", signs, tuple(self.node(of, depth) for _ in range(count + 1)))
        if kind == "equal":
            of = self.pick_type(BOOLEAN, TEXT, STAGE, UNIT, HASH)
            left = self.leaf(of, depth) if of != STAGE else self.pick(Node("name", ("stage",)))
            return Node("compare", (self.pick("==", "!="),), (left, self.node(of, depth)))
        if kind == "in":
            return self.membership(depth)
        if kind == "fraction":
            return self.fraction(depth)
        if kind == "loop":
            name = self.pick("all", "any")
            if self.draw(st.integers(0, 3)) == 0:
                return Node("call", (name,), (Node("name", ("answers",)),))
            return self.elements(name, BOOLEAN, depth)
        if kind == "role":
            return Node("call", ("has_role",), (Node("text", (self.pick("secretary", "treasurer"),)),))
        if kind == "prefix":
            return Node("call", ("starts_with",), (self.node(UNIT, depth), self.node(TEXT, depth)))
        before = Node("call", ("last_talk",), (Node("name", ("member",)), self.node(DATE, depth)))
        return Node(self.pick("is-none", "is-not-none"), (), (self.pick(before, Node("name", ("limit",))),))

    def membership(self, depth: int) -> Node:
        opcode = self.pick("in", "not-in")
        if self.draw(st.booleans()):
            return Node(opcode, (), (self.node(INTEGER, depth), Node("name", ("scores",))))
        of = self.pick_type(INTEGER, MONEY, DATE, STAGE)
        left = Node("name", ("stage",)) if of == STAGE else self.node(of, depth)
        items = [self.literal(of) for _ in range(self.draw(st.integers(1, 4)))]
        return Node(opcode, (), (left, Node("tuple", (), tuple(item for item in items if item is not None))))

    def fraction(self, depth: int) -> Node:
        of = self.pick_type(INTEGER, MONEY)
        numbers = (self.node(INTEGER, depth), self.node(INTEGER, depth), self.node(of, depth))
        sides = [self.node(of, depth), Node("call", ("fraction",), numbers)]
        if self.draw(st.booleans()):
            sides.reverse()
        return Node("compare", (self.pick(*SIGNS),), tuple(sides))

    def number(self, wanted: ScalarType, depth: int) -> Node:
        kind = self.pick("arithmetic", "arithmetic", "negate", "sum", "several", "special", "special")
        if kind == "negate":
            operand = self.node(wanted, depth)
            if operand.opcode == opcodes.INTEGER_LITERAL and int(operand.literal) >= 0:
                return Node("integer", (-int(operand.literal),))
            return Node("negate", (), (operand,))
        if kind == "sum":
            if wanted == INTEGER and self.draw(st.integers(0, 3)) == 0:
                return Node("call", ("sum",), (Node("name", ("scores",)),))
            return self.elements("sum", wanted, depth)
        if kind == "several":
            count = self.draw(st.integers(2, 3))
            return Node("call", (self.pick("min", "max"),), tuple(self.node(wanted, depth) for _ in range(count)))
        if wanted == MONEY:
            return self.money(kind, depth)
        if kind == "arithmetic":
            return Node(self.pick("+", "-", "*", "//", "%"), (), (self.node(INTEGER, depth), self.node(INTEGER, depth)))
        return self.integer(depth)

    def money(self, kind: str, depth: int) -> Node:
        if kind == "arithmetic":
            if self.draw(st.booleans()):
                return Node("*", (), (self.node(INTEGER, depth), self.node(MONEY, depth)))
            return Node(self.pick("+", "-"), (), (self.node(MONEY, depth), self.node(MONEY, depth)))
        rounding = Node("text", (self.pick(*ROUNDINGS),))
        numbers = (self.node(MONEY, depth), self.node(INTEGER, depth), self.node(INTEGER, depth))
        return Node("call", ("share",), (*numbers, rounding))

    def integer(self, depth: int) -> Node:
        name = self.pick(
            "days_between", "months_between", "years_between", "year_of", "count", "distinct_count", "depth_of"
        )
        if name.endswith("_between"):
            return Node("call", (name,), (self.node(DATE, depth), self.node(DATE, depth)))
        if name == "year_of":
            return Node("call", (self.pick("year_of", "month_of", "day_of"),), (self.node(DATE, depth),))
        if name == "depth_of":
            return Node("call", (name,), (self.node(UNIT, depth),))
        if self.draw(st.booleans()):
            return Node("call", (name,), (Node("name", (self.pick("scores", "units"),)),))
        return self.elements(name, self.pick_type(INTEGER, DATE, UNIT), depth)

    def date(self, depth: int) -> Node:
        name = self.pick("add_days", "add_months", "date_of")
        if name == "date_of":
            return Node("call", (name,), (self.node(TIME, depth),))
        count = Node("integer", (self.draw(st.integers(-40_000, 40_000)),)) if self.draw(st.booleans()) else None
        return Node("call", (name,), (self.node(DATE, depth), count or self.node(INTEGER, depth)))

    def elements(self, name: str, of: Type, depth: int) -> Node:
        return Node("call", (name,), (self.generator(of, depth, self.draw(st.integers(1, 2))),))

    def generator(self, of: Type, depth: int, clauses: int) -> Node:
        free = [name for name in VARIABLES if name not in self.variables]
        if not free:
            return Node("each", (INNERMOST,), (Node("name", ("scores",)), self.leaf(of, 0)))
        item = self.pick_type(MEMBER, MEMBER, INTEGER, UNIT)
        lists: dict[Type, str] = {MEMBER: "sponsors", INTEGER: "scores", UNIT: "units"}
        values = Node("name", (lists[item],)) if item != MEMBER else self.node(ListType(MEMBER, LIST_MAX), depth)
        if values.opcode == "call":
            item = MEMBER
        self.variables[free[0]] = item
        condition = (self.node(BOOLEAN, depth),) if self.draw(st.booleans()) else ()
        inner = clauses > 1 and len(free) > 1
        element = self.generator(of, depth, 1) if inner else self.node(of, depth)
        del self.variables[free[0]]
        return Node("each-if" if condition else "each", (free[0],), (values, *condition, element))


@st.composite
def trees(draw: st.DrawFn, wanted: Type, depth: int = 4) -> Node:
    """A tree whose value is of the type `wanted`."""
    return Trees(draw).node(wanted, depth)
