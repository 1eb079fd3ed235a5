"""A file's name is the same for whoever sees it, and leads nowhere."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from optima_kit.file_names import LONGEST, clean_file_name, file_name


@pytest.mark.parametrize(
    ("given_name", "clean"),
    [
        ("bozzetto definitivo.pdf", "bozzetto definitivo.pdf"),
        ("Perché è così – 2ª.pdf", "Perché è così – 2ª.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\anna\\bozzetto.pdf", "bozzetto.pdf"),
        ("fattura\u202efdp.exe", "fatturafdp.exe"),
        ("a\u2066b\u2069\u200b\ufeffc.pdf", "abc.pdf"),
        ("riga\r\nSet-Cookie: a=b.pdf", "rigaSet-Cookie_ a=b.pdf"),
        ("nul\x00.pdf", "_nul.pdf"),
        ("CON", "_CON"),
        ("aux.pdf", "_aux.pdf"),
        ("console.pdf", "console.pdf"),
        ("COM1.tar.gz", "_COM1.tar.gz"),
        (".htaccess", "htaccess"),
        ("fine. . ", "fine"),
        ('a"b<c>d|e:f*g?.png', "a_b_c_d_e_f_g_.png"),
        ("...", "file"),
        ("", "file"),
        ("x" * 300 + ".pdf", "x" * 116 + ".pdf"),
    ],
)
def test_a_name_is_cleaned(given_name: str, clean: str) -> None:
    assert clean_file_name(given_name) == clean


@given(st.text(max_size=300))
@example("con. ")
@example(" ." * 200 + "nul")
def test_whatever_is_sent_becomes_a_plain_name(name: str) -> None:
    clean = clean_file_name(name)
    assert clean_file_name(clean) == clean
    assert 0 < len(clean) <= LONGEST
    assert not set(clean) & set('/\\"<>|:*?')
    assert not [each for each in clean if unicodedata.category(each) in ("Cc", "Cf", "Cs", "Cn", "Co")]
    assert clean[0] not in ". "
    assert clean[-1] not in ". "


@pytest.mark.parametrize(
    ("name", "media_type", "shown"),
    [
        ("bozzetto.pdf", "application/pdf", "bozzetto.pdf"),
        ("bozzetto.PDF", "application/pdf", "bozzetto.PDF"),
        ("foto.jpeg", "image/jpeg", "foto.jpeg"),
        ("foto", "image/jpeg", "foto.jpg"),
        ("fattura.exe", "application/pdf", "fattura.exe.pdf"),
        ("x" * 300, "image/png", "x" * 116 + ".png"),
        ("trail-1.ndjson", "application/x-ndjson", "trail-1.ndjson"),
    ],
)
def test_its_ending_is_its_media_types(name: str, media_type: str, shown: str) -> None:
    assert file_name(name, media_type) == shown
