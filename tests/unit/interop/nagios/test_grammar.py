"""What a plugin prints, read by others: ranges, figures and lines."""

from __future__ import annotations

import math
import re

import nagiosplugin
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from watchkeeper.errors import InvalidInput
from watchkeeper.interop.nagios.ranges import Range
from watchkeeper.interop.nagios.result import LONGEST, Perf, Result, State, clean, number, worst

NUMBERS = st.floats(-1e9, 1e9, allow_nan=False).map(lambda x: float(f"{x:.6g}"))
# What the guidelines allow of a label, and of one in quotes.
FIGURE = re.compile(
    r"(?:'((?:[^'=]|'')+)'|([^\s'=]+))=(-?[\d.]+)(s|us|ms|%|B|KB|MB|GB|TB|c)?"
    r"(;[^;\s]*)?(;[^;\s]*)?(;-?[\d.]*)?(;-?[\d.]*)?(?:\s|$)"
)


@st.composite
def ranges(draw):
    start, end = sorted((draw(NUMBERS), draw(NUMBERS)))
    form = draw(st.sampled_from(["{e}", "{s}:", "~:{e}", "{s}:{e}", "@{s}:{e}"]))
    end = abs(end) if form == "{e}" else end
    return form.format(s=f"{start:.6f}", e=f"{end:.6f}")


@settings(deadline=None)
@given(ranges(), NUMBERS)
@example("10", 10.0)
@example("@10:20", 20.0)
def test_ranges_are_read_as_nagiosplugin_reads_them(text, value):
    """Every form, at every value, alerts exactly where the independent parser does."""
    assert Range.parse(text).alerts(value) is (not nagiosplugin.Range(text).match(value))


@pytest.mark.parametrize(
    ("text", "alerts"),
    [
        ("10", "ynnyyy"),
        ("10:", "yynnnn"),
        ("~:10", "nnnyyy"),
        ("10:20", "yynnny"),
        ("@10:20", "nnyyyn"),
    ],
)
def test_ranges_are_as_the_guidelines_have_them(text, alerts):
    """The table of the guidelines, at -1, 5, 10, 15, 20 and 25."""
    found = [Range.parse(text).alerts(value) for value in (-1, 5, 10, 15, 20, 25)]

    assert "".join("ny"[each] for each in found) == alerts


@pytest.mark.parametrize("text", ["", "@", "20:10", "1,5", "a", "10:20:30", "nan", "--1", "~10"])
def test_what_is_no_range_is_refused(text):
    """The message shows what a range looks like."""
    with pytest.raises(InvalidInput, match="a range must look like"):
        Range.parse(text)


@settings(deadline=None)
@given(st.text(max_size=60), st.floats(-1e15, 1e15, allow_nan=False), ranges(), ranges())
def test_figures_are_well_formed(label, value, warn, crit):
    """Whatever the label is made of, a figure can be read, and its number is the value."""
    text = Perf(label, value, "ms", Range.parse(warn), Range.parse(crit), 0, 1).text()

    found = FIGURE.fullmatch(text)
    assert found is not None, text
    assert float(found[3]) == pytest.approx(value, rel=1e-9, abs=1e-9)
    assert "|" not in text


def test_a_figure_that_is_no_number_is_left_out():
    """Nagios has no form for what is missing: it is not made zero."""
    assert Perf("x", math.nan).text() == Perf("x", math.inf).text() == ""


TEXTS = st.text(st.characters(codec="utf-8"), max_size=2_000)


@settings(deadline=None)
@given(TEXTS, st.lists(st.tuples(TEXTS, NUMBERS), max_size=40), st.lists(TEXTS, max_size=20))
def test_output_is_short_and_has_one_bar(text, perf, details):
    """Never over the limit, one bar at most, no control character, no line that is not ours."""
    result = Result(State.WARNING, text, [Perf(name, value) for name, value in perf], details)

    said = result.output()

    assert len(said.encode()) <= LONGEST
    assert said.startswith("WATCHKEEPER WARNING - ")
    assert said.count("|") == said.split("\n")[0].count("|") <= 1
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]", said)
    assert len(said.split("\n")) <= 1 + len(details)


def test_figures_that_do_not_fit_are_left_out_whole():
    """A figure that was cut would be read as another."""
    perf = [Perf(f"figure {n}", 123456.0, "ms") for n in range(1_000)]

    said = Result(State.OK, "fine", perf).perf_text()

    assert len(said) <= LONGEST
    assert said.endswith("=123456ms")


@pytest.mark.parametrize("value", [0.0, 1e-9, 0.25, 1e12, -3.5, 123456789.0])
def test_numbers_have_no_exponent(value):
    """Old readers take an exponent for a unit."""
    assert re.fullmatch(r"-?\d+(\.\d+)?", number(value))
    assert float(number(value)) == pytest.approx(value, abs=1e-9)


def test_the_worst_state_wins():
    """Critical before warning, warning before unknown, and nothing is unknown."""
    assert worst([State.OK, State.UNKNOWN]) is State.UNKNOWN
    assert worst([State.UNKNOWN, State.WARNING]) is State.WARNING
    assert worst([State.WARNING, State.CRITICAL]) is State.CRITICAL
    assert worst([]) is State.UNKNOWN


@settings(deadline=None)
@given(TEXTS)
def test_cleaned_text_is_one_line(text):
    """No line end, no bar, no sign that turns what follows around."""
    assert len(clean(text).splitlines()) <= 1
    assert "|" not in clean(text)
