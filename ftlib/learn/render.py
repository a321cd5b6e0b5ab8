"""Markdown to safe HTML, and to plain text.

One renderer for every front end. Raw HTML in the source comes out as visible text, links keep only safe
schemes, images are not loaded, and maths is left between its dollar signs for ``HTMLMath`` to typeset.

>>> html("Freeze `bn1`, <b>now</b>")
'<p>Freeze <code>bn1</code>, &lt;b&gt;now&lt;/b&gt;</p>\\n'
>>> inline("recall is $r = 1/2$, a ticket is $5")
'recall is <span class="ftl-math">$r = 1/2$</span>, a ticket is <span class="mathjax_ignore tex2jax_ignore">$</span>5'
>>> plain("Freeze `bn1` with **care**: $r = \\\\frac{1}{2}$")
'Freeze bn1 with care: r = \\\\frac{1}{2}'
"""

import re
from functools import cache
from html import escape

_DOLLAR = '<span class="mathjax_ignore tex2jax_ignore">$</span>'
_MATH = re.compile(
    r"(\$\$(?!\s)(?P<block>.+?)(?<!\s)\$\$|\$(?![\s$])(?P<line>[^$\n]*?[^\s$\\])\$(?!\d))", re.S
)


def html(markdown: str) -> str:
    """Block markdown (paragraphs, lists, tables, fences, maths) as safe HTML."""
    return _parser().render(markdown or "")


def inline(markdown: str) -> str:
    """Markdown of one line as safe HTML, without a paragraph around it; a fence makes it block HTML."""
    text = (markdown or "").strip()
    return html(text) if _is_block(text) else _parser().renderInline(text)


def highlight(code: str, language: str = "python") -> str:
    """Code as a ``<pre>`` with one ``<span>`` a token; an unknown language is shown plain."""
    body = _tokens(code, language) if language else escape(code)
    return f'<pre class="ftl-code mathjax_ignore tex2jax_ignore"><code>{body}</code></pre>\n'


def bare(markdown: str) -> str:
    """Block markdown as safe HTML without classes or token colours: it survives GitHub's sanitizer as it is."""
    return re.sub(r' (class|target|rel)="[^"]*"|</?span[^>]*>', "", html(markdown))


def plain(markdown: str) -> str:
    """Markdown as one line of plain text, for labels and screen-reader names."""
    return " ".join(text(markdown).split())


def text(markdown: str) -> str:
    """Markdown as plain text for a terminal: marks dropped, code indented by four spaces, maths as written."""
    out, fenced = [], False
    for line in (markdown or "").strip().splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
            continue
        out.append(f"    {line}" if fenced else _unmarked(line))
    return "\n".join(out)


def _unmarked(line):
    pieces = re.split(r"(`+)(.+?)\1", line)  # text, ticks, code, text, …: code is kept as it is
    for i in range(0, len(pieces), 3):
        piece = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", pieces[i])
        piece = _MATH.sub(lambda found: found["block"] or found["line"], piece)
        piece = re.sub(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1", r"\2", piece)
        piece = re.sub(r"(?<![\w*])\*(?=\S)([^*]+?)(?<=\S)\*(?![\w*])", r"\1", piece)
        pieces[i] = re.sub(r"\\([\\`*_{}\[\]()#+\-.!$|<>])", r"\1", piece)
    return "".join(piece for i, piece in enumerate(pieces) if i % 3 != 1)


def _is_block(text):
    return "```" in text or "\n\n" in text or "\n- " in text or text.startswith(("- ", "1. ", "| "))


@cache
def _parser():
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "breaks": False}).enable("table").disable("image")
    parser.inline.ruler.before("escape", "maths", _maths_rule)
    parser.add_render_rule("maths", _render_maths)
    parser.add_render_rule("text", _render_text)
    parser.add_render_rule("fence", _render_fence)
    parser.add_render_rule("code_block", _render_fence)
    parser.add_render_rule("link_open", _render_link)
    return parser


def _maths_rule(state, silent):
    """Inline rule: ``$…$`` and ``$$…$$`` become one token, so that markdown leaves their inside alone."""
    found = _MATH.match(state.src, state.pos) if state.src[state.pos] == "$" else None
    if not found:
        return False
    if not silent:
        state.push("maths", "", 0).content = found.group()
    state.pos = found.end()
    return True


def _render_maths(self, tokens, i, options, env):
    return f'<span class="ftl-math">{escape(tokens[i].content)}</span>'


def _render_text(self, tokens, i, options, env):
    return escape(tokens[i].content).replace("$", _DOLLAR)


def _render_fence(self, tokens, i, options, env):
    words = tokens[i].info.split()
    return highlight(tokens[i].content.rstrip("\n"), words[0] if words else "")


def _render_link(self, tokens, i, options, env):
    tokens[i].attrSet("target", "_blank")
    tokens[i].attrSet("rel", "noopener noreferrer")
    return self.renderToken(tokens, i, options, env)


def _tokens(code, language):
    from pygments import highlight as run
    from pygments.formatters.html import HtmlFormatter
    from pygments.util import ClassNotFound

    try:
        return run(code, _lexer(language), HtmlFormatter(nowrap=True)).rstrip("\n")
    except ClassNotFound:
        return escape(code)


@cache
def _lexer(language):
    if language in ("python", "py"):
        from pygments.lexers.python import PythonLexer

        return PythonLexer(stripnl=False, ensurenl=False)
    from pygments.lexers import get_lexer_by_name

    return get_lexer_by_name(language, stripnl=False, ensurenl=False)
