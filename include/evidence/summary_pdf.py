"""The summary as a PDF of one page, the same bytes for the same summary.

The fonts every PDF reader has know the letters of Western Europe only; others lose their marks or become `?`. The HTML
page shows every letter.
"""

import unicodedata
from datetime import datetime
from io import BytesIO

from fpdf import FPDF, XPos, YPos

from include.evidence import chart
from include.evidence.summary import Figure, Summary
from include.evidence.summary_html import CAPTION, GREY, RED, colour_of

MARGIN, WIDTH = 15, 180  # millimetres
INK, FAINT = "#1d2530", "#dfe3e8"
TYPOGRAPHY = str.maketrans({"\u2013": "-", "\u2014": "-", "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'})


def render(summary: Summary, created_at: datetime) -> bytes:
    """The document."""
    pdf = FPDF(format="A4")
    pdf.set_creation_date(created_at)
    pdf.set_title(_known(summary.title))
    pdf.set_producer("Sunledger")
    pdf.set_compression(False)  # compressed bytes differ from one zlib to the next
    pdf.set_auto_page_break(False)
    pdf.set_margin(MARGIN)
    pdf.add_page()
    _head(pdf, summary)
    _figures(pdf, summary)
    _chart(pdf, summary)
    _facts(pdf, summary)
    _integrity(pdf, summary)
    return bytes(pdf.output())


def _head(pdf: FPDF, summary: Summary) -> None:
    _colour(pdf, INK)
    pdf.set_font("helvetica", "B", 17)
    width = WIDTH - 52
    pdf.multi_cell(width, 8, _known(summary.title), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    after = pdf.get_y()
    pdf.set_font("helvetica", "B", 9.5)
    pdf.set_fill_color(*_rgb(RED if summary.is_broken else GREY))
    _colour(pdf, "#ffffff")
    words = _known(summary.outcome)
    chip = pdf.get_string_width(words) + 9
    pdf.rect(MARGIN + WIDTH - chip, MARGIN, chip, 7.5, style="F", round_corners=True, corner_radius=3.7)
    pdf.set_xy(MARGIN + WIDTH - chip, MARGIN)
    pdf.cell(chip, 7.5, words, align="C")
    pdf.set_xy(MARGIN, after + 1)
    pdf.set_font("helvetica", "", 9.5)
    _colour(pdf, GREY)
    for line in summary.lines:
        pdf.multi_cell(WIDTH, 4.9, _known(line), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _figures(pdf: FPDF, summary: Summary) -> None:
    top, width = pdf.get_y() + 5, WIDTH / len(summary.figures)
    pdf.set_draw_color(*_rgb(FAINT))
    pdf.rect(MARGIN, top, WIDTH, 22)
    for place, figure in enumerate(summary.figures):
        x = MARGIN + place * width
        if place:
            pdf.line(x, top, x, top + 22)
        _figure(pdf, figure, x + 4, top + 3, width - 6, summary.is_broken)
    pdf.set_xy(MARGIN, top + 27)


def _figure(pdf: FPDF, figure: Figure, x: float, y: float, width: float, is_broken: bool) -> None:
    pdf.set_font("helvetica", "", 8.5)
    _colour(pdf, GREY)
    pdf.text(x, y + 3, _known(figure.label))
    _colour(pdf, RED if figure.label == "Difference" and is_broken else INK)
    _fitted(pdf, figure.value, "B", 14.0, 8, x, y + 10, width)
    _colour(pdf, GREY)
    _fitted(pdf, figure.note, "", 7.5, 5, x, y + 15.5, width)


def _fitted(pdf: FPDF, text: str, style: str, size: float, least: float, x: float, y: float, width: float) -> None:
    """Write a line as large as its place lets it be, from one size in points down to the least."""
    words = _known(text)
    pdf.set_font("helvetica", style, size)
    while pdf.get_string_width(words) > width and size > least:
        size -= 0.5
        pdf.set_font("helvetica", style, size)
    pdf.text(x, y, words)


def _chart(pdf: FPDF, summary: Summary) -> None:
    top, height = pdf.get_y(), WIDTH * chart.HEIGHT / chart.WIDTH
    pdf.image(BytesIO(summary.svg.encode()), x=MARGIN, y=top, w=WIDTH)
    pdf.set_xy(MARGIN, top + height + 1)
    pdf.set_font("helvetica", "", 8)
    _colour(pdf, GREY)
    pdf.cell(WIDTH, 4, CAPTION, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.set_y(pdf.get_y() + 3)


def _facts(pdf: FPDF, summary: Summary) -> None:
    for name, words in summary.facts:
        top = pdf.get_y()
        pdf.line(MARGIN, top, MARGIN + WIDTH, top)
        _colour(pdf, INK)
        pdf.set_xy(MARGIN, top + 1.3)
        pdf.set_font("helvetica", "B", 9)
        pdf.cell(30, 4.6, _known(name))
        pdf.set_font("helvetica", "", 9)
        pdf.multi_cell(WIDTH - 30, 4.6, _known(words), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        pdf.set_y(pdf.get_y() + 1.3)


def _integrity(pdf: FPDF, summary: Summary) -> None:
    integrity, top = summary.integrity, pdf.get_y() + 5
    colour = colour_of(integrity)
    pdf.set_fill_color(245, 247, 249)
    pdf.rect(MARGIN, top, WIDTH, 25, style="F")
    pdf.set_fill_color(*_rgb(colour))
    pdf.rect(MARGIN, top, 1.6, 25, style="F")
    pdf.set_font("helvetica", "B", 9.5)
    _colour(pdf, colour)
    pdf.text(MARGIN + 5, top + 6, _known(integrity.words))
    pdf.set_font("courier", "", 8)
    _colour(pdf, INK)
    for place, line in enumerate((integrity.hash, f"signer {integrity.signer}", integrity.at)):
        pdf.text(MARGIN + 5, top + 12 + 4.3 * place, _known(line))
    pdf.set_xy(MARGIN, top + 28)
    pdf.set_font("helvetica", "", 7.5)
    _colour(pdf, GREY)
    pdf.multi_cell(WIDTH, 3.8, _known(summary.footer), align="L")


def _known(text: str) -> str:
    """The text in letters that the fonts have."""
    plain = text.translate(TYPOGRAPHY)
    letters = (letter if _is_latin(letter) else _bare(letter) for letter in plain)
    return "".join(letters)


def _bare(letter: str) -> str:
    stripped = "".join(part for part in unicodedata.normalize("NFKD", letter) if _is_latin(part))
    return stripped or "?"


def _is_latin(letter: str) -> bool:
    return ord(letter) < 256 and letter.isprintable()


def _colour(pdf: FPDF, colour: str) -> None:
    pdf.set_text_color(*_rgb(colour))


def _rgb(colour: str) -> tuple[int, int, int]:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))
