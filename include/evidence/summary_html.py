"""The summary as one self-contained HTML page that prints on one sheet."""

from html import escape

from include.evidence.summary import Integrity, Summary

CAPTION = "Hours by category, all measured meters together; hours without expected production are left out."
GREEN, RED, GREY = "#1f7a4d", "#b3261e", "#5b6472"
STYLE = """
@page { size: A4; margin: 12mm }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 28px; max-width: 820px; color: #1d2530; background: #fff;
  font: 14px/1.45 "Helvetica Neue", Helvetica, Arial, sans-serif }
header { display: flex; justify-content: space-between; align-items: flex-start; gap: 24px }
h1 { margin: 0 0 6px; font-size: 25px; line-height: 1.2; letter-spacing: -0.01em }
header p { margin: 0; color: #5b6472 }
.outcome { flex: none; padding: 5px 14px; border-radius: 99px; color: #fff; font-weight: 600; font-size: 13px }
.figures { display: grid; grid-template-columns: repeat(4, 1fr); gap: 1px; margin: 22px 0; background: #dfe3e8;
  border: 1px solid #dfe3e8; border-radius: 8px; overflow: hidden }
.figures div { background: #fff; padding: 13px 15px }
.figures span { display: block; color: #5b6472; font-size: 12px }
.figures strong { display: block; font-size: 20px; line-height: 1.35; letter-spacing: -0.01em }
.figures em { font-style: normal; color: #5b6472; font-size: 11.5px }
.apart strong { color: #b3261e }
figure { margin: 0 0 18px } figure svg { width: 100%; height: auto }
figcaption { color: #5b6472; font-size: 12px }
table { width: 100%; border-collapse: collapse; margin-bottom: 20px }
th { text-align: left; font-weight: 600; width: 130px; vertical-align: top }
th, td { padding: 6px 8px 6px 0; border-top: 1px solid #e8ebef }
.integrity { padding: 12px 16px; border-radius: 8px; border-left: 6px solid; background: #f5f7f9 }
.integrity strong { display: block }
code { font: 11.5px/1.5 ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere }
footer { margin-top: 16px; color: #5b6472; font-size: 11.5px }
@media (max-width: 640px) { .figures { grid-template-columns: repeat(2, 1fr) } header { display: block } }
@media print { body { padding: 0; max-width: none } * { print-color-adjust: exact; -webkit-print-color-adjust: exact } }
"""


def render(summary: Summary) -> bytes:
    """The page."""
    lines = "".join(f"<p>{escape(line)}</p>" for line in summary.lines)
    figures = "".join(
        f"<div{_class(summary, figure.label)}><span>{escape(figure.label)}</span>"
        f"<strong>{escape(figure.value)}</strong><em>{escape(figure.note)}</em></div>"
        for figure in summary.figures
    )
    facts = "".join(f"<tr><th>{escape(name)}</th><td>{escape(words)}</td></tr>" for name, words in summary.facts)
    colour = RED if summary.is_broken else GREY
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(summary.title)} – evidence</title>
<style>{STYLE}</style>
</head>
<body>
<header>
<div><h1>{escape(summary.title)}</h1>{lines}</div>
<div class="outcome" style="background:{colour}">{escape(summary.outcome)}</div>
</header>
<section class="figures">{figures}</section>
<figure>
{summary.svg}<figcaption>{CAPTION}</figcaption>
</figure>
<table>{facts}</table>
{_integrity(summary.integrity)}
<footer>{escape(summary.footer)}</footer>
</body>
</html>
""".encode()


def colour_of(integrity: Integrity) -> str:
    """Green when all checks hold, red when one fails, grey while nobody has looked."""
    return GREY if integrity.is_intact is None else GREEN if integrity.is_intact else RED


def _integrity(integrity: Integrity) -> str:
    colour = colour_of(integrity)
    return (
        f'<section class="integrity" style="border-color:{colour}"><strong style="color:{colour}">'
        f"{escape(integrity.words)}</strong><code>{escape(integrity.hash)}</code><br>"
        f"<code>signer {escape(integrity.signer)}</code><br><code>{escape(integrity.at)}</code></section>"
    )


def _class(summary: Summary, label: str) -> str:
    return ' class="apart"' if label == "Difference" and summary.is_broken else ""
