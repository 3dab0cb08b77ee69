"""How much of everything a section `indices` may declare; each number with what it is for."""

# One for the whole of a unit's work and some for its parts.
INDICES_MAX = 8
# What one page of explanation can show.
INPUTS_MAX = 24
TERMS_MAX = 16
# A weight is a share in hundredths or thousandths.
WEIGHT_MAX = 1000
# A term's score: out of a hundred.
SCORE_MAX = 100
WARNINGS_MAX = 16
REQUIREMENTS_MAX = 16
# The roles whose terms one warning watches.
ROLES_MAX = 16
# A statistic over fewer people is not shown: who knows some of them would learn about the others.
PEOPLE_MIN = 10
