"""The page that is drawn from the imports shows the house as it is."""

from tools.diagrams import COMPOSITIONS, PACKAGES, PAGE, ROOT, package_edges, page, parts_of


def test_the_page_is_what_is_drawn_now() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make diagrams`"


def test_arrows_go_down_only() -> None:
    places = {package: place for place, package in enumerate(PACKAGES)}
    assert all(places[one] < places[other] for one, other in package_edges())


def test_every_composition_has_parts_that_are_there() -> None:
    for _, file, package in COMPOSITIONS:
        parts = parts_of(ROOT / file, package)
        assert len(parts) >= 3
        assert all((ROOT / package / f"{part}.py").exists() for part in parts)
