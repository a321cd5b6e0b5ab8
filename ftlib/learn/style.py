"""How quizzes look: one style sheet for JupyterLab, Notebook 7, Voila, VS Code and Colab.

Colours follow the front end's theme through its CSS variables, each with a fallback; the greens, ambers and
reds are chosen apart for light and dark so that text keeps a contrast of 4.5:1. Options of a choice are laid
out on a grid: the real radio button or checkbox fills the row and carries the option as plain text for screen
readers, and the rendered option (code, maths) lies over it and lets clicks through.
"""

_INK = "var(--jp-content-font-color1, var(--vscode-foreground, var(--colab-primary-text-color, #1f2328)))"
_PAPER = (
    "var(--jp-layout-color1, var(--vscode-editor-background, var(--colab-primary-surface-color, #ffffff)))"
)

_LIGHT = """
  color-scheme: light;
  --ftl-soft: #57606a; --ftl-line: #d0d7de; --ftl-line-strong: #7d8590; --ftl-tint: #f4f6f8; --ftl-code: #f4f6f8;
  --ftl-accent: #0b5cad; --ftl-on-accent: #ffffff; --ftl-accent-tint: #eaf3fc; --ftl-focus: #0b5cad;
  --ftl-good: #116329; --ftl-good-tint: #e9f7ed; --ftl-good-line: #3c9a55;
  --ftl-part: #7a4d00; --ftl-part-tint: #fdf4e1; --ftl-part-line: #c58a1c;
  --ftl-bad: #a40e26; --ftl-bad-tint: #fdeeef; --ftl-bad-line: #d1495b;
  --ftl-k: #7a1fa2; --ftl-s: #9a3412; --ftl-n: #0b6b4f; --ftl-c: #57606a; --ftl-f: #0b5cad;
"""
_DARK = """
  color-scheme: dark;
  --ftl-soft: #a7b0ba; --ftl-line: #454c54; --ftl-line-strong: #8b949e; --ftl-tint: #22272e; --ftl-code: #1d2228;
  --ftl-accent: #6cb6ff; --ftl-on-accent: #06203a; --ftl-accent-tint: #14293f; --ftl-focus: #8cc8ff;
  --ftl-good: #7ee2a0; --ftl-good-tint: #12301d; --ftl-good-line: #3fa35f;
  --ftl-part: #f2c66d; --ftl-part-tint: #36290d; --ftl-part-line: #b98a2b;
  --ftl-bad: #ff9fa8; --ftl-bad-tint: #3b171c; --ftl-bad-line: #d15b69;
  --ftl-k: #d9a8ff; --ftl-s: #ffb38a; --ftl-n: #7ee2b8; --ftl-c: #a7b0ba; --ftl-f: #8cc8ff;
"""
_IS_DARK = (
    '[data-jp-theme-light="false"] .ftl, body.vscode-dark .ftl, body.vscode-high-contrast .ftl, '
    'html[theme="dark"] .ftl, body[data-theme="dark"] .ftl'
)

_FRAME = """
.ftl { max-width: 47rem; padding: 14px 4px 12px; overflow: visible; color: var(--ftl-ink); font-size: 15px; line-height: 1.55;
  font-family: var(--jp-ui-font-family, system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif); }
.ftl .jupyter-widgets { margin: 0; } .ftl .ftl { padding: 0; }
.ftl .widget-box, .ftl .jupyter-widget-box { overflow: visible; }
.ftl .widget-html, .ftl .widget-htmlmath { height: auto; width: auto; min-width: 0; }
.ftl .widget-html-content, .ftl .widget-htmlmath-content { flex: 1 1 auto; min-width: 0; height: auto; line-height: inherit;
  font-size: 15px; color: inherit; white-space: normal; overflow-wrap: anywhere; }
.ftl-style, .ftl-echo { display: none; }
.ftl p { margin: 0 0 .75em; } .ftl p:last-child { margin-bottom: 0; }
.ftl :is(ul, ol) { margin: 0 0 .75em; padding-left: 1.4em; } .ftl :is(ul, ol):last-child { margin-bottom: 0; } .ftl li { margin: .2em 0; }
.ftl a { color: var(--ftl-accent); text-decoration: underline; text-underline-offset: 2px; }
.ftl code { font-family: var(--jp-code-font-family, ui-monospace, Menlo, Consolas, monospace); font-size: .9em;
  background: var(--ftl-code); color: var(--ftl-ink); border-radius: 4px; padding: .1em .32em; }
.ftl pre.ftl-code { margin: .25em 0 .9em; padding: 12px 14px; background: var(--ftl-code); border: 1px solid var(--ftl-line);
  border-radius: 8px; white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.5; }
.ftl pre.ftl-code:last-child { margin-bottom: 0; }
.ftl pre.ftl-code code { background: none; padding: 0; font-size: 13px; }
.ftl-code :is(.k, .kc, .kn, .kd, .kr, .kt, .ow) { color: var(--ftl-k); font-weight: 600; }
.ftl-code :is(.s, .s1, .s2, .sa, .sd, .se, .si, .sf) { color: var(--ftl-s); }
.ftl-code :is(.m, .mi, .mf, .mb, .mh, .mo, .il) { color: var(--ftl-n); }
.ftl-code :is(.c, .c1, .cm, .ch) { color: var(--ftl-c); font-style: italic; }
.ftl-code :is(.nf, .nc, .nb, .bp, .fm, .nd) { color: var(--ftl-f); }
.ftl table { border-collapse: collapse; margin: .25em 0 .9em; font-size: 14px; width: auto; }
.ftl :is(th, td) { border: 1px solid var(--ftl-line); padding: 6px 12px; text-align: left; color: var(--ftl-ink); background: none; }
.ftl th { font-weight: 600; background: var(--ftl-tint); } .ftl :is(td, th).num { text-align: right; font-variant-numeric: tabular-nums; }
.ftl-vh { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.ftl :is(button, input, select, textarea, a, summary):focus-visible { outline: 3px solid var(--ftl-focus) !important; outline-offset: 2px;
  box-shadow: none !important; }
"""

_HEADER = """
.ftl-head h2 { margin: 0; font-size: 22px; line-height: 1.25; font-weight: 650; color: var(--ftl-ink); letter-spacing: -.01em; }
.ftl-head .ftl-score { margin: 4px 0 0; color: var(--ftl-soft); font-size: 14px; font-variant-numeric: tabular-nums; }
.ftl-head .ftl-score strong { color: var(--ftl-ink); font-weight: 650; }
.ftl-nav { display: flex; flex-flow: row wrap; gap: 6px; margin: 16px 0 !important; align-items: center; }
.ftl-notice { margin: 12px 0 0 !important; } .ftl-notice .ftl-note { border-left: 4px solid var(--ftl-part-line);
  background: var(--ftl-part-tint); color: var(--ftl-part); border-radius: 6px; padding: 10px 14px; font-size: 14px; }
"""

_BUTTONS = """
.ftl .jupyter-button { height: auto; min-height: 38px; width: auto; min-width: 0; padding: 7px 16px; border-radius: 8px;
  border: 1px solid var(--ftl-line-strong); background: transparent; color: var(--ftl-ink); font-size: 14px; line-height: 22px;
  font-weight: 500; font-family: inherit; white-space: normal; text-overflow: clip; overflow: visible; box-shadow: none; cursor: pointer; }
.ftl .jupyter-button:hover:enabled { background: var(--ftl-tint); box-shadow: none; border-color: var(--ftl-ink); }
.ftl .jupyter-button.ftl-primary { background: var(--ftl-accent); border-color: var(--ftl-accent); color: var(--ftl-on-accent); font-weight: 600; }
.ftl .jupyter-button.ftl-primary:hover:enabled { background: var(--ftl-accent); filter: brightness(1.12); }
.ftl .jupyter-button:disabled { opacity: 1; color: var(--ftl-soft); border: 1px dashed var(--ftl-line); background: transparent;
  cursor: not-allowed; }
.ftl .jupyter-button.ftl-quiet { border-color: transparent; color: var(--ftl-accent); padding-inline: 10px; }
.ftl .jupyter-button.ftl-quiet:hover:enabled { border-color: transparent; background: var(--ftl-accent-tint); }
.ftl .jupyter-button.ftl-pill { min-width: 34px; padding: 7px 7px; border-color: var(--ftl-line); font-variant-numeric: tabular-nums; }
.ftl .jupyter-button.ftl-pill.ftl-right { background: var(--ftl-good-tint); border-color: var(--ftl-good-line); color: var(--ftl-good); }
.ftl .jupyter-button.ftl-pill.ftl-part { background: var(--ftl-part-tint); border-color: var(--ftl-part-line); color: var(--ftl-part); }
.ftl .jupyter-button.ftl-pill.ftl-wrong { background: var(--ftl-bad-tint); border-color: var(--ftl-bad-line); color: var(--ftl-bad); }
.ftl .jupyter-button.ftl-pill.ftl-here { border-color: var(--ftl-ink); box-shadow: inset 0 0 0 1px var(--ftl-ink); font-weight: 700; }
.ftl-numbers > .jupyter-button.ftl-pill { flex: 0 0 auto; width: 34px; min-height: 48px; padding: 4px 0; line-height: 18px;
  word-spacing: 100vw; } .ftl-numbers { gap: 6px 5px; }
.ftl-actions { display: flex; flex-flow: row wrap; gap: 10px; margin-top: 20px !important; }
"""

_CARD = """
.ftl-card { border: 1px solid var(--ftl-line); border-radius: 14px; padding: 24px 28px 26px !important; background: var(--ftl-paper);
  gap: 0; }
.ftl-meta { display: flex; flex-wrap: wrap; gap: 4px 8px; margin: 0 0 12px; color: var(--ftl-soft); font-size: 13px; line-height: 1.55; }
.ftl-meta .ftl-where { margin: 0; color: var(--ftl-ink); font-size: 13px; font-weight: 650; line-height: inherit; } .ftl-meta :not(:first-child)::before { content: "· "; }
.ftl-prompt { font-size: 16px; }
.ftl-answer { margin-top: 18px !important; }
.ftl-ask { color: var(--ftl-soft); font-size: 13.5px; margin: 0 0 10px !important; } h3.ftl-ask { margin-top: 18px !important; }
.ftl-options { display: grid; grid-template-columns: minmax(0, 1fr); row-gap: 10px; }
.ftl-options > .widget-radio, .ftl-options .widget-radio-box, .ftl-options > .widget-checkbox, .ftl-over,
.ftl-over > .widget-htmlmath-content { display: contents !important; }
.ftl-options .widget-radio-box label, .ftl-options .widget-label-basic { grid-column: 1; display: flex; align-items: flex-start;
  height: auto; min-height: 50px; width: auto; margin: 0; padding: 0; box-sizing: border-box; border: 1px solid var(--ftl-line);
  border-radius: 10px; cursor: pointer; font-size: 0; line-height: 0; color: transparent; }
.ftl-options .widget-label-basic span { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.ftl-options label:hover { border-color: var(--ftl-line-strong); background: var(--ftl-tint); }
.ftl-options label:has(input:checked) { border-color: var(--ftl-accent); background: var(--ftl-accent-tint);
  box-shadow: inset 0 0 0 1px var(--ftl-accent); }
.ftl-options label input[type] { order: -1; flex: 0 0 auto; width: 18px; height: 18px; margin: 15px 0 0 16px; align-self: flex-start;
  accent-color: var(--ftl-accent); font-size: 14px; cursor: pointer; }
.ftl-option { grid-column: 1; z-index: 1; pointer-events: none; padding: 12px 16px 12px 48px; min-width: 0; border-radius: 10px;
  display: flex; gap: 12px; } .ftl-letter { flex: 0 0 auto; font-weight: 600; color: var(--ftl-soft); } .ftl-body { flex: 1 1 auto; min-width: 0; }
.ftl-option pre.ftl-code { margin: 0 0 2px; padding: 0; border: none; background: none; }
.ftl-options:has(.ftl-mark:not(.ftl-past)) label { z-index: 2; } .ftl-options:has(.ftl-mark:not(.ftl-past)) label:is(:hover, :has(input:checked)) { background: none; box-shadow: none; }
.ftl-options:has(.ftl-mark:not(.ftl-past)) label:has(input:checked) { border-color: transparent; }
.ftl-option.ftl-right { background: var(--ftl-good-tint); box-shadow: inset 5px 0 0 var(--ftl-good-line), inset 0 0 0 1px var(--ftl-good-line); }
.ftl-option.ftl-wrong { background: var(--ftl-bad-tint); box-shadow: inset 5px 0 0 var(--ftl-bad-line), inset 0 0 0 1px var(--ftl-bad-line); }
.ftl-past { visibility: hidden; } .ftl .ftl-mark { display: block; font-size: 13px; font-weight: 650; margin-top: 4px; }
.ftl-right .ftl-mark { color: var(--ftl-good); } .ftl-wrong .ftl-mark { color: var(--ftl-bad); }
"""

_FIELDS = """
.ftl :is(.widget-text, .widget-textarea) { display: flex; flex-direction: column; align-items: stretch; width: auto;
  height: auto; gap: 6px; }
.ftl :is(.widget-text, .widget-textarea) > .widget-label { width: auto; max-width: none; height: auto; text-align: left;
  font-weight: 600; font-size: 14px; line-height: 1.4; color: var(--ftl-ink); white-space: normal; overflow: visible; margin: 0; padding: 0; }
.ftl .widget-text { max-width: 24rem; }
.ftl :is(.widget-text input, .widget-textarea textarea) { flex: 0 0 auto; width: 100%; box-sizing: border-box; min-height: 40px;
  height: auto; padding: 8px 12px; border: 1px solid var(--ftl-line-strong); border-radius: 8px; background-color: var(--ftl-paper);
  color: var(--ftl-ink); font-size: 15px; line-height: 22px; font-family: inherit; box-shadow: none; }
.ftl .widget-textarea textarea { font-family: var(--jp-code-font-family, ui-monospace, Menlo, Consolas, monospace); font-size: 13px;
  line-height: 1.5; resize: vertical; tab-size: 4; white-space: pre-wrap; overflow-wrap: anywhere; overflow: auto; }
.ftl :is(input, textarea):disabled { opacity: 1; color: var(--ftl-ink); } .ftl label:has(input:disabled), .ftl input:disabled { cursor: default !important; }
.ftl ::placeholder { color: var(--ftl-soft); opacity: 1; }
.ftl-lines { display: grid; grid-template-columns: minmax(0, 1fr) auto auto; gap: 8px; align-items: stretch; }
.ftl-lines .ftl-item { display: flex; gap: 12px; height: 100%; }
.ftl .jupyter-button:is(.ftl-up, .ftl-down) { width: 42px; padding: 0; font-size: 0; line-height: 0; overflow: hidden; border-color: var(--ftl-line); }
.ftl .jupyter-button:is(.ftl-up, .ftl-down)::before { font-size: 18px; line-height: 40px; content: "↑"; }
.ftl .jupyter-button.ftl-down::before { content: "↓"; }
.ftl-pairs { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 8px 14px; align-items: center; }
.ftl-pairs > :first-child { grid-column: 1 / -1; }
.ftl .ftl-legend { display: grid !important; grid-template-columns: auto minmax(0, 1fr); gap: 6px 12px; margin: 0 0 10px; }
.ftl .ftl-legend :is(dt, dd) { float: none; width: auto; margin: 0; padding: 0; } .ftl .ftl-legend dt { font-weight: 600; color: var(--ftl-soft); }
.ftl-pick { width: auto; display: block; } .ftl-pick .widget-radio-box { display: flex; flex-direction: row; flex-wrap: wrap; gap: 6px;
  margin: 0 !important; counter-reset: pick; }
.ftl .ftl-pick label { counter-increment: pick; position: relative; display: inline-flex; align-items: center; justify-content: center; width: 42px;
  height: 42px; margin: 0; padding: 0; box-sizing: border-box; border: 1px solid var(--ftl-line); border-radius: 10px; font-size: 0; cursor: pointer; }
.ftl .ftl-pick label::after { content: counter(pick, upper-alpha); font-size: 15px; line-height: 1; color: var(--ftl-ink); }
.ftl .ftl-pick label:hover { border-color: var(--ftl-line-strong); background: var(--ftl-tint); }
.ftl .ftl-pick label input { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; opacity: 0; cursor: pointer; }
.ftl .ftl-pick label:has(input:checked) { background: var(--ftl-accent); border-color: var(--ftl-accent); }
.ftl .ftl-pick label:has(input:checked)::after { color: var(--ftl-on-accent); font-weight: 700; }
.ftl .ftl-pick label:has(input:focus-visible) { outline: 3px solid var(--ftl-focus); outline-offset: 2px; }
.ftl-item { box-sizing: border-box; padding: 9px 14px; border: 1px solid var(--ftl-line); border-radius: 10px; min-width: 0; }
.ftl-matrix { display: grid; grid-template-columns: max-content minmax(0, 15rem) minmax(0, 15rem); gap: 12px 16px; align-items: end; }
.ftl-matrix .ftl-axis { font-size: 13px; font-weight: 600; color: var(--ftl-soft); line-height: 40px; } .ftl-matrix > .ftl-axis:nth-child(-n+3) .ftl-axis { line-height: 1.4; }
"""

_RESULT = """
.ftl-panel { margin-top: 20px; border-radius: 10px; padding: 14px 18px; border: 1px solid var(--ftl-line); border-left-width: 5px; }
.ftl-panel.ftl-right { border-color: var(--ftl-good-line); background: var(--ftl-good-tint); }
.ftl-panel.ftl-part { border-color: var(--ftl-part-line); background: var(--ftl-part-tint); }
.ftl-panel.ftl-wrong { border-color: var(--ftl-bad-line); background: var(--ftl-bad-tint); }
.ftl-panel.ftl-none { border-color: var(--ftl-line-strong); background: var(--ftl-tint); }
.ftl-verdict { font-weight: 700; font-size: 16px; margin: 0 0 4px !important; } .ftl-verdict:last-child { margin: 0 !important; }
.ftl-right > .ftl-verdict { color: var(--ftl-good); } .ftl-part > .ftl-verdict { color: var(--ftl-part); }
.ftl-wrong > .ftl-verdict { color: var(--ftl-bad); }
.ftl-aside { color: var(--ftl-soft); font-size: 13.5px; margin: 8px 0 0 !important; }
.ftl-panel .ftl-aside { color: var(--ftl-ink); }
.ftl .ftl-box { margin-top: 20px; padding: 16px 18px; border: 1px solid var(--ftl-line); border-radius: 10px; }
.ftl-box h3 { margin: 0 0 8px; font-size: 14px; font-weight: 650; color: var(--ftl-ink); }
.ftl-box h3:not(:first-child) { margin-top: 16px; }
.ftl-box ol, .ftl-box ul { padding-left: 1.4em; }
.ftl-links { margin: 16px 0 0 !important; font-size: 14px; color: var(--ftl-soft); }
@media (max-width: 560px) {
  .ftl-card { padding: 18px 16px 20px !important; } .ftl-option { padding-left: 44px; padding-right: 12px; }
  .ftl-options label input[type] { margin-left: 14px; }
  .ftl-pairs { grid-template-columns: minmax(0, 1fr); } .ftl-pick { margin-bottom: 8px !important; }
  .ftl-matrix { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); } .ftl-matrix .ftl-axis { display: none; }
}
@media (forced-colors: active) {
  .ftl label:has(input:checked) { outline: 2px solid Highlight; } .ftl .jupyter-button.ftl-pill.ftl-here { border: 3px solid Highlight; }
  .ftl .jupyter-button.ftl-primary { border-width: 2px; } .ftl .jupyter-button:disabled { color: GrayText; border-color: GrayText; }
}
"""

_VIEWS = """
.ftl-chip { display: inline-block; white-space: nowrap; border: 1px solid var(--ftl-line-strong); border-radius: 999px; padding: 1px 10px;
  font-size: 13px; font-weight: 600; color: var(--ftl-ink); background: var(--ftl-tint); }
.ftl-chip.ftl-right { color: var(--ftl-good); background: var(--ftl-good-tint); border-color: var(--ftl-good-line); }
.ftl-chip.ftl-part { color: var(--ftl-part); background: var(--ftl-part-tint); border-color: var(--ftl-part-line); }
.ftl-chip.ftl-wrong { color: var(--ftl-bad); background: var(--ftl-bad-tint); border-color: var(--ftl-bad-line); }
.ftl table.ftl-wide { width: 100%; margin-top: 14px; } .ftl table.ftl-wide :is(th, td) { padding: 9px 12px; }
.ftl-knobs { display: flex; flex-wrap: wrap; gap: 16px; margin-top: 12px !important; }
.ftl-hand-in { margin-top: 14px !important; } .ftl-hand-in > .jupyter-button { align-self: flex-start; }
.ftl-slot { margin-top: 16px !important; } .ftl-nav + .ftl-slot { margin-top: 0 !important; }
.ftl-plain { width: auto; height: auto; } .ftl .ftl-plain label { display: flex; align-items: center; gap: 10px; height: auto; min-height: 32px;
  width: auto; font-size: 15px; color: var(--ftl-ink); cursor: pointer; }
.ftl .ftl-plain label input { order: -1; width: 17px; height: 17px; margin: 0; accent-color: var(--ftl-accent); }
@property --ftl-left { syntax: "<integer>"; inherits: true; initial-value: 0; }
@keyframes ftl-clock { from { --ftl-left: var(--ftl-seconds); background-size: 100% 100%; } to { --ftl-left: 0; background-size: 0% 100%; } }
@keyframes ftl-count { from { --ftl-left: var(--ftl-seconds); } to { --ftl-left: 0; } }
.ftl-clock { margin-top: 12px; padding: 5px 12px; border: 1px solid var(--ftl-line-strong); border-radius: 8px; font-size: 14px; font-weight: 600;
  color: var(--ftl-ink); background: linear-gradient(var(--ftl-accent-tint), var(--ftl-accent-tint)) no-repeat var(--ftl-paper);
  animation: ftl-clock linear both; font-variant-numeric: tabular-nums; position: relative; }
@media (prefers-reduced-motion: reduce) { .ftl-clock { animation-name: ftl-count; background-image: none; } }
.ftl-count::after { counter-reset: left var(--ftl-left); content: counter(left) " s left"; }
.ftl-fold { border: 1px solid var(--ftl-line); border-radius: 10px; margin-top: 10px; background: var(--ftl-paper); }
.ftl-fold summary { padding: 11px 16px; cursor: pointer; font-weight: 600; border-radius: 10px; } .ftl-fold summary .ftl-aside { font-weight: 400; margin-left: 8px; }
.ftl-scroll { overflow-x: auto; padding: 0 16px 14px; border-radius: 10px; } .ftl-scroll:focus-visible { outline: 3px solid var(--ftl-focus); }
.ftl .ftl-scroll table { margin: 0; } .ftl .ftl-scroll th[scope="row"] { min-width: 11rem; overflow-wrap: normal; } .ftl .ftl-scroll :is(th, td) { padding: 6px 8px; }
.ftl .ftl-tall { vertical-align: bottom; } .ftl .ftl-tall span { writing-mode: vertical-rl; transform: rotate(180deg); white-space: nowrap; font-weight: 500; }
.ftl td.ftl-dot { text-align: center; color: var(--ftl-soft); position: relative; } .ftl td.ftl-taken { color: var(--ftl-good); }
.ftl-ways { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 8px 12px; align-items: center; } .ftl-ways > .ftl-whole { grid-column: 1 / -1; }
@media (max-width: 560px) { .ftl-ways { grid-template-columns: minmax(0, 1fr); } }
.ftl-medal { width: 76px; height: 76px; margin: 14px 0 4px; border-radius: 50%; display: grid; place-items: center; font-size: 38px; line-height: 1;
  color: #3d2c00; background: #e8b931; border: 4px solid #b98a16; }
.ftl-medal.ftl-silver { color: #24292f; background: #cfd5db; border-color: #8d96a0; }
.ftl-medal.ftl-bronze { color: #2f1600; background: #d9935a; border-color: #9c5a26; }
"""

_ROWS = "".join(
    f".ftl-options .widget-radio-box label:nth-child({i}), .ftl-options > :nth-child({i}) .widget-label-basic, "
    f".ftl-option:nth-child({i}) {{ grid-row: {i}; }}\n"
    for i in range(1, 13)
)

CSS = (
    f".ftl {{ --ftl-ink: {_INK}; --ftl-paper: {_PAPER}; {_LIGHT} }}\n{_IS_DARK} {{ {_DARK} }}\n"
    + _FRAME
    + _HEADER
    + _BUTTONS
    + _CARD
    + _ROWS
    + _FIELDS
    + _RESULT
    + _VIEWS
)


def style_tag() -> str:
    """The style sheet as a ``<style>`` element, to be shown once a view."""
    return f"<style>{CSS}</style>"
