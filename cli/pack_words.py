"""Single words that stand inside the sentences about packs, so that the catalogue has them too.

Owns the list. Nothing here is called by its name: `cli.language` looks every text among the values of an error up.
"""

from cli.language import P_

DECLARED = (
    P_("counter"),
    P_("field"),
    P_("parameter"),
    P_("role"),
    P_("rule"),
    P_("state"),
    P_("table"),
    P_("transition"),
    P_("type"),
)
KINDS_OF_VALUES = (
    P_("boolean"),
    P_("bytes"),
    P_("fraction"),
    P_("list"),
    P_("nothing"),
    P_("number"),
    P_("text"),
)
