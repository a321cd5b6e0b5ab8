"""Markdown to HTML: nothing gets through that could run, and maths and code survive."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftlib.learn import render

SAFE = {
    "p",
    "code",
    "pre",
    "span",
    "em",
    "strong",
    "a",
    "ul",
    "ol",
    "li",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
}
SAFE |= {"h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "hr", "br"}
PIECES = [
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    "[x](javascript:alert(1))",
    "**b**",
    "`c`",
    "$x$",
]
PIECES += [
    "```python\n<b>\n```",
    "<svg/onload=alert(1)>",
    "[y](https://a.org)",
    "$<img src=x>$",
    "&lt;",
    '"',
    "'",
    "\n\n",
    "- a\n",
]
PIECES += [
    "![i](http://a/b.png)",
    "[z](data:text/html,<script>)",
    "<a href='javascript:1'>",
    "`` <i> ``",
    "$",
    "\\",
    "| a |\n|--|\n",
]


class Tags(HTMLParser):
    """The tags of a piece of HTML with their attributes."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join) | st.text(max_size=80))
def test_only_harmless_tags_come_out(markdown):
    for made in (
        render.html(markdown),
        render.inline(markdown),
        render.bare(markdown),
        render.highlight(markdown),
    ):
        for tag, attributes in Tags(made).found:
            assert tag in SAFE, f"{tag} from {markdown!r}"
            assert set(attributes) <= {"href", "class", "target", "rel", "start", "style"}
            assert attributes.get("href", "https:").split(":")[0].lower() not in (
                "javascript",
                "data",
                "vbscript",
            )


@pytest.mark.parametrize(
    ("markdown", "maths"),
    [
        ("$a_1 * b_2 * c$", "$a_1 * b_2 * c$"),
        ("then $$\\frac{1}{2}$$ holds", "$$\\frac{1}{2}$$"),
        ("$x < y$", "$x &lt; y$"),
    ],
)
def test_maths_is_left_alone(markdown, maths):
    assert f'<span class="ftl-math">{maths}</span>' in render.html(markdown)


@pytest.mark.parametrize("markdown", ["it costs $5 and $10", "`$x$`", "\\$x\\$", "5 $ or 6 $"])
def test_money_and_code_are_not_maths(markdown):
    assert "ftl-math" not in render.html(markdown)


def test_every_dollar_outside_maths_is_kept_from_the_typesetter():
    made = render.html("5 $ or 6 $, but $x$")
    assert made.count('mathjax_ignore tex2jax_ignore">$</span>') == 2


def test_code_is_coloured_and_an_unknown_language_is_not():
    assert '<span class="k">for</span>' in render.highlight("for x in y: pass")
    assert "<span" not in render.highlight("for x in y", "no-such-language")


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("**Which** `a*b*c` and *why*?", "Which a*b*c and why?"),
        ("see [the lesson](x.ipynb), $r = 1$", "see the lesson, r = 1"),
        ("```python\nx = 1\n```", "    x = 1"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("snake_case_name and `__init__`", "snake_case_name and __init__"),
    ],
)
def test_plain_text_drops_marks_and_nothing_else(markdown, text):
    assert render.text(markdown) == text


def test_bare_html_has_no_classes_and_no_spans():
    assert render.bare("```python\nx = 1\n```\n$y$") == "<pre><code>x = 1</code></pre>\n<p>$y$</p>\n"
