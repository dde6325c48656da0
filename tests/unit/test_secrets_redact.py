"""Values are taken out of texts in every form in which they travel."""

import base64
import html
import json
import shlex
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.secrets.redact import MARK, Redactor

VALUE = 'p@ss w/örd+"quote"\'s\\&<x>=1'
FORMS = {
    "plain": VALUE,
    "base64": base64.b64encode(VALUE.encode()).decode(),
    "base64 for addresses": base64.urlsafe_b64encode(VALUE.encode()).decode(),
    "quoted for an address": quote(VALUE, safe=""),
    "quoted for a path": quote(VALUE),
    "quoted for a form": quote_plus(VALUE),
    "JSON": json.dumps(VALUE),
    "JSON with accents": json.dumps(VALUE, ensure_ascii=False),
    "JSON in JSON": json.dumps(json.dumps({"password": VALUE})),
    "Python": repr(VALUE),
    "shell": shlex.quote(VALUE),
    "HTML": html.escape(VALUE),
    "SQL": "'" + VALUE.replace("'", "''") + "'",
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_every_form_is_taken_out(form: str) -> None:
    cleaned = Redactor([VALUE]).clean(f"before {form} after")
    assert MARK in cleaned
    assert cleaned.startswith("before ") and cleaned.endswith(" after")
    for piece in ("rd+", "quote", "cGBzc", "w%2F", "\\u00f6rd"):
        assert piece not in cleaned


@pytest.mark.parametrize("user", ["", "a", "ab", "abc", "importer"])
def test_http_basic_hides_the_password_at_every_alignment(user: str) -> None:
    header = base64.b64encode(f"{user}:{VALUE}".encode()).decode()
    cleaned = Redactor([VALUE]).clean(f"Authorization: Basic {header}")
    assert MARK in cleaned
    left = cleaned.removeprefix("Authorization: Basic ").replace(MARK, "")
    # What is left over are the user's name and single characters that share bits with it.
    assert len(left) <= len(base64.b64encode(f"{user}:".encode())) + 6


KEY = "\n".join(["-----BEGIN PRIVATE KEY-----", "MIGHAgEAMBMGByqGSM49AgEGCCqG", "SM49AwEHBG0wawIBAQQgabcdefgh"])
KEY += "\n-----END PRIVATE KEY-----\n"


def test_a_key_is_taken_out_line_by_line_as_a_diff_shows_it() -> None:
    diff = "".join(f"+{line}\n" for line in KEY.splitlines())
    cleaned = Redactor([KEY]).clean(diff)
    assert cleaned == f"+-----BEGIN PRIVATE KEY-----\n+{MARK}\n+{MARK}\n+-----END PRIVATE KEY-----\n"
    assert "MIGH" not in Redactor([KEY]).clean(json.dumps({"diff": KEY}))


def test_a_longer_value_goes_before_the_shorter_one_within_it() -> None:
    assert Redactor(["summer", "summer-2026"]).clean("summer-2026 summer") == f"{MARK} {MARK}"


def test_values_that_begin_alike_are_told_apart() -> None:
    hidden = Redactor(["MIIEvQIBADANBgkqhkiG-first", "MIIEvQIBADANBgkqhkiG-second"])
    assert hidden.clean("a MIIEvQIBADANBgkqhkiG-second, MIIEvQIBADANBgkqhkiG-third") == (
        f"a {MARK}, MIIEvQIBADANBgkqhkiG-third"
    )
    assert hidden.hides("x MIIEvQIBADANBgkqhkiG-first")
    assert not hidden.hides("MIIEvQIBADANBgkqhkiG-")


def test_other_text_is_left_alone_and_short_values_do_not_blank_it_out() -> None:
    text = "archive01: step 3 of 12 took 0.5 s"
    assert Redactor([]).clean(text) == text
    assert Redactor(["a", "12", "", "abc"]).clean(text) == text
    assert Redactor(["nothing here"]).clean(text) == text


@given(st.text(min_size=4), st.text(), st.text())
def test_no_value_survives(value: str, before: str, after: str) -> None:
    assert value not in Redactor([value]).clean(before + value + after).replace(MARK, "\0")
