"""Why operations on ballots are refused: the codes and texts, in one place. Never decides anything."""

from contracts.errors import Reason

NOT_FOUND = Reason("ballots.not-found", "the unit {unit} has no ballot {number}; see `list ballot` for what there is")
NUMBERS_FULL = Reason("ballots.numbers-full", "the unit {unit} has held {count} ballots, the most there can be")
NEEDS = Reason("ballots.needs", "a ballot by the method {method} needs {argument}; give it")
HAS_NO = Reason("ballots.has-no", "a ballot by the method {method} has no {argument}; leave it out")
NOT_TALLIED = Reason(
    "ballots.not-tallied", "votes by the method {method} cannot be counted in a room; let the casting be roll-call"
)
CASTING_HAS_NO = Reason("ballots.casting-has-no", "a {casting} ballot has no {argument}; leave it out")
TITLES = Reason("ballots.titles", "there are {count} titles for {options} options; give one for each, or none")
SEATS = Reason("ballots.seats", "{seats} seats cannot be filled from {options} options")
CHOICES_MAX = Reason("ballots.choices-max", "{limit} choices cannot be made among {options} options; lower choices_max")
SURPLUS = Reason(
    "ballots.surplus",
    "{options} candidates for {seats} seats are too few: the rules ask for a surplus of {surplus}, so for at least"
    " {least}",
)
TIMES = Reason(
    "ballots.times",
    "the voting would close at {closes} ms; it has to close at least {least} ms after it opens, and at most {days} days"
    " from now",
)
ELECTORATE_EMPTY = Reason("ballots.electorate-empty", "nobody holds an office of those who are to vote: {electorate}")
ELECTORATE_TOO_LARGE = Reason(
    "ballots.electorate-too-large",
    "{due} people would vote, the most are {limit} with this method; let units vote for delegates",
)
NOT_OPEN = Reason("ballots.not-open", "the ballot {number} of the unit {unit} is {state}; it has to be open")
NOT_DUE = Reason("ballots.not-due", "{person} was not on the roll when the electorate was frozen, at height {height}")
NO_PERSON = Reason("ballots.no-person", "the member {member} acts for no person, so it cannot vote")
NOT_PRESENT = Reason(
    "ballots.not-present", "{person} has been given no ballot paper; whoever keeps the list of those present has to"
)
IS_TALLIED = Reason("ballots.is-tallied", "the votes on the ballot {number} are counted in the room, not cast here")
IS_ROLL_CALL = Reason("ballots.is-roll-call", "the votes on the ballot {number} are cast one by one; there is no tally")
NOT_MARKED = Reason("ballots.not-marked", "on the ballot {number}, whoever votes is present; nobody has to be marked")
UNKNOWN_OPTION = Reason("ballots.unknown-option", "{option} is no option of this ballot; the options are {options}")
CHOICE_COUNT = Reason("ballots.choice-count", "{count} options are chosen; {least} to {most} have to be")
RANKS = Reason(
    "ballots.ranks", "{ranks} ranks are given for {choices} options; give one for each, or none to rank in order"
)
RANKS_UNFIT = Reason("ballots.ranks-unfit", "a vote by the method {method} has no ranks; the order of choices counts")
NO_PROXIES = Reason("ballots.no-proxies", "the rules of the ballot {number} allow nobody to vote for another")
OWN_PROXY = Reason("ballots.own-proxy", "{person} cannot be their own proxy; let them vote")
PROXY_GIVEN = Reason("ballots.proxy-given", "{person} has given the vote to {holder} already; revoke that first")
PROXY_NOT_GIVEN = Reason("ballots.proxy-not-given", "{person} has not given the vote to {holder}")
PROXIES_FULL = Reason("ballots.proxies-full", "{holder} votes for {count} others already, the most the rules allow")
VOTED = Reason("ballots.voted", "{person} has voted already; who has voted can only change that vote")
NO_OPINIONS = Reason("ballots.no-opinions", "the rules of the ballot {number} do not count written opinions")
TALLY_COUNTS = Reason("ballots.tally-counts", "{less} ({found}) cannot be more than {more} ({most}); count again")
TALLY_VOTES = Reason("ballots.tally-votes", "{found} totals are given for {options} options; give one for each")
TALLY_TWICE = Reason(
    "ballots.tally-twice", "the member {member} has reported this tally; another teller has to as well"
)
NOT_EARLY = Reason("ballots.not-early", "the rules of the ballot {number} let it close at the stated time only")
NOT_AGAIN = Reason(
    "ballots.not-again", "the ballot {number} is {state} ({outcome}); only one that is closed and undecided is repeated"
)
AGAIN_ALREADY = Reason("ballots.again-already", "the ballot {number} is repeated as ballot {next} already")
ROUNDS_FULL = Reason("ballots.rounds-full", "this was round {round}, the last there can be; open a new ballot")

BALLOT_REASONS = (
    NOT_FOUND,
    NUMBERS_FULL,
    NEEDS,
    HAS_NO,
    NOT_TALLIED,
    CASTING_HAS_NO,
    TITLES,
    SEATS,
    CHOICES_MAX,
    SURPLUS,
    TIMES,
    ELECTORATE_EMPTY,
    ELECTORATE_TOO_LARGE,
    NOT_OPEN,
    NOT_DUE,
    NO_PERSON,
    NOT_PRESENT,
    IS_TALLIED,
    IS_ROLL_CALL,
    NOT_MARKED,
    UNKNOWN_OPTION,
    CHOICE_COUNT,
    RANKS,
    RANKS_UNFIT,
    NO_PROXIES,
    OWN_PROXY,
    PROXY_GIVEN,
    PROXY_NOT_GIVEN,
    PROXIES_FULL,
    VOTED,
    NO_OPINIONS,
    TALLY_COUNTS,
    TALLY_VOTES,
    TALLY_TWICE,
    NOT_EARLY,
    NOT_AGAIN,
    AGAIN_ALREADY,
    ROUNDS_FULL,
)
