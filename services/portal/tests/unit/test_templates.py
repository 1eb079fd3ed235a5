"""Templates are compiled for who first asks for them: here for all."""

from __future__ import annotations

import re
from collections import Counter
from importlib.resources import files
from pathlib import Path

from jinja2 import DictLoader

from portal.adapters.rendering import environment_of


def test_every_template_compiles() -> None:
    environment = environment_of("it")
    names = environment.list_templates(extensions=["html"])
    assert len(names) > 50
    for name in names:
        environment.get_template(name)


def test_no_template_hides_another() -> None:
    """Pages and their parts are found by name alone."""
    names = Counter(file.name for file in Path(str(files("portal.adapters"))).rglob("*.html"))
    assert [name for name, times in names.items() if times > 1] == []


def test_each_reads_a_template_in_their_own_language() -> None:
    """Compiled once for all: for whoever asks first, and read by others."""
    template = "{{ 'approve'|label('outcome') }} {{ '1250.5'|quantity }}"
    seen = []
    for language in ("it", "en"):
        environment = environment_of(language)
        environment.loader = DictLoader({"both.html": template})
        seen.append(environment.get_template("both.html").render())
    assert seen == ["Approva 1.250,5", "Approve 1,250.5"]


SOURCES = {
    file.name: file.read_text(encoding="utf-8")
    for file in sorted(Path(str(files("portal.adapters"))).rglob("*.html"))
}
SAID = re.compile(r"{{ _\('([^']+)'\) }}")
"""No more than one text."""


def test_a_page_is_headed_as_its_title_says() -> None:
    """A tab of the browser and the heading beneath it name the same page."""
    told = {}
    for name, source in SOURCES.items():
        title = re.search(r"{% block title %}(.*?){% endblock %}", source)
        headings = re.findall(r"<h1>(.*?)</h1>", source)
        if title and len(headings) == 1 and SAID.fullmatch(title[1]) and SAID.fullmatch(headings[0]):
            told[name] = (title[1], headings[0])
    assert len(told) > 40
    assert {name: both for name, both in told.items() if both[0] != both[1]} == {}


def test_a_column_says_that_it_is_headed() -> None:
    """Readers of screens say the heading of each cell."""
    assert {
        name for name, source in SOURCES.items() if re.search(r"<th(?![^>]*\bscope=)[ >]", source)
    } == set()


def test_amounts_and_quantities_stand_beneath_each_other() -> None:
    """In figures of one width, to the right: a cell that begins with one is a number's."""
    cells = re.compile(r"<td(?![^>]*\bnumber\b)[^>]*>\s*(?:<span>)?\s*{{ [\w.]+\|(?:money|quantity)\b")
    assert {name: cells.findall(source) for name, source in SOURCES.items() if cells.search(source)} == {}


def test_what_stands_in_a_condition_stands_out_of_a_sentence() -> None:
    text = "Il campo brief.quote_total può <mancare>. Premetti has(brief.quote_total) &&, o altro."
    shown = environment_of("it").from_string("{{ text|coded }}").render(text=text)
    assert shown == (
        "Il campo <code>brief.quote_total</code> può &lt;mancare&gt;. "
        "Premetti <code>has(brief.quote_total) &amp;&amp;</code>, o altro."
    )
