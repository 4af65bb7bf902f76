"""A list as a block of HTML for a mail: tables and inline styles, because mail programs want them.

Whatever an item is called is escaped; without images the titles and prices still read.
"""

from __future__ import annotations

from html import escape

from api.mail.mailing import Mailing, MailItem, printable

MOST_BYTES = 20_000
"""A longer block ends earlier: some mail programs clip what is too long, its last links with it."""

PER_ROW = 2
_IMAGE = 260
# A long word must not make the block wider than a small screen.
_CELL = (
    "padding:8px;font-family:Arial,Helvetica,sans-serif;font-size:14px;line-height:20px;"
    "word-break:break-word;"
)
_OPEN = (
    '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" '
    'style="border-collapse:collapse;max-width:560px;">'
)
_CLOSE = "</table>"


def block(mailing: Mailing) -> str:
    """Return the block, of as many whole rows as fit ``MOST_BYTES``; empty without items."""
    rows, size = [], len(_OPEN) + len(_CLOSE)
    for start in range(0, len(mailing.items), PER_ROW):
        row = _row(mailing.items[start : start + PER_ROW])
        size += len(row.encode())
        if size > MOST_BYTES:
            break
        rows.append(row)
    return f"{_OPEN}{''.join(rows)}{_CLOSE}" if rows else ""


def _row(items: tuple[MailItem, ...]) -> str:
    return f"<tr>{''.join(map(_cell, items))}</tr>"


def _cell(item: MailItem) -> str:
    width = 100 // PER_ROW
    parts = []
    if item.image_url:
        parts.append(
            f'<img src="{_escaped(item.image_url)}" alt="{_escaped(item.title)}" width="{_IMAGE}" '
            'border="0" style="display:block;width:100%;max-width:260px;height:auto;">'
        )
    parts.append(f'<span style="color:#222222;">{_escaped(item.title)}</span>')
    inner = "<br>".join(parts)
    if item.url:
        link = 'style="color:#222222;text-decoration:none;"'
        inner = f'<a href="{_escaped(item.url)}" {link}>{inner}</a>'
    price = (
        f'<br><strong style="color:#222222;">{_escaped(item.price)}</strong>' if item.price else ""
    )
    return f'<td width="{width}%" valign="top" style="{_CELL}">{inner}{price}</td>'


def _escaped(text: str) -> str:
    return escape(printable(text))
