"""An organisation that there is not: its units, people and the years behind it, for trials, measurements and pages."""
