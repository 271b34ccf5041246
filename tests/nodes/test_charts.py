"""Figures over time as lines: where they lie, where they break off, and what stands beside them."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from nodes import charts

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SIX_HOURS_AGO = NOON - timedelta(hours=6)


def draw(series, **options):
    return charts.draw("Answer time", "ms", series, since=SIX_HOURS_AGO, until=NOON, **options)


def every_minute(value):
    return [(SIX_HOURS_AGO + timedelta(minutes=minute), value(minute)) for minute in range(360)]


def test_a_steady_figure_is_one_unbroken_level_line():
    (line,) = draw({"attic": every_minute(lambda minute: 2.0)}).lines

    assert line.path.count("M") == 1
    assert {step.split()[1] for step in line.path.split("L")[1:]} == {line.path.split("L")[1].split()[1]}
    assert line.last == 2.0


def test_times_in_which_nobody_looked_stay_a_gap():
    (line,) = draw({"attic": every_minute(lambda minute: None if 100 < minute < 200 else 2.0)}).lines
    assert line.path.count("M") == 2


def test_the_height_is_the_next_round_figure_and_four_parts_divide_it():
    chart = draw({"attic": every_minute(lambda minute: 37.0)})
    assert [row.words for row in chart.rows] == ["0", "10", "20", "30", "40"]
    assert [row.words for row in draw({}, most=100.0).rows] == ["0", "25", "50", "75", "100"]


def test_names_of_lines_that_end_together_do_not_stand_on_each_other():
    chart = draw({name: every_minute(lambda minute: 5.0) for name in ("attic", "cellar", "office")})
    places = sorted(line.label_y for line in chart.lines)
    assert all(after - before >= charts.LABEL_GAP for before, after in itertools.pairwise(places))


def test_the_title_tells_the_figures_of_now():
    series = {"attic": every_minute(lambda minute: 3.0), "parents": every_minute(lambda minute: 41.0)}
    assert draw(series).now == "3 to 41\u00a0ms"
    assert draw({"attic": []}).is_empty


@pytest.mark.parametrize("value", [0.0, 0.004, 1, 7, 99, 12_345, 5e9])
def test_nothing_is_drawn_outside(value):
    (line,) = draw({"attic": every_minute(lambda minute: value)}).lines
    heights = {float(step.split()[1]) for step in line.path.split("L")[1:]}
    assert all(charts.TOP <= height <= charts.HEIGHT - charts.BOTTOM for height in heights)


@pytest.mark.parametrize(("days", "shown", "first"), [(0.25, "time", "06:00"), (7, "day", "13 Nov")])
def test_times_are_told_as_moments_that_a_page_says_where_its_reader_is(days, shown, first):
    since = NOON - timedelta(days=days)
    *moments, now = charts.draw("Answer time", "ms", {}, since=since, until=NOON).times

    assert [tick.shown for tick in moments] == [shown] * 3
    assert (moments[0].words, moments[0].moment) == (first, since)
    assert (now.words, now.moment) == ("now", None)


def test_the_table_has_the_figures_of_the_lines_at_the_same_places_the_latest_first():
    chart = draw(
        {
            "attic": every_minute(lambda minute: None if 100 < minute < 200 else float(minute)),
            "parents": every_minute(lambda minute: None if 100 < minute < 200 else 7.0),
        }
    )

    first, *_, last = chart.table
    assert first.at > last.at
    assert list(last.values) == [pytest.approx(1.5, abs=1), 7.0]
    assert f"M{last.x:.1f} " in chart.lines[0].path
    assert all(row.values[1] == 7.0 for row in chart.table), "what nobody looked at has no row"
    assert len(chart.table) < charts.BUCKETS
