"""Texts that hold what nobody should read, made unreadable: what finds it, to be named in `mask.texts`.

    card      a card number of 13 to 19 digits whose check digit is right (ISO/IEC 7812, Luhn); the last four stay
    secret    keys and tokens of a known form, a password in a URL or after `password=`, a private key
    address   an IP address, of which the network stays: /24 of IPv4, /48 of IPv6

Each takes time linear in the text, and looks for a sign of what it finds before it runs a regular expression. Nearly
all texts hold none of it, so all those of an event are looked through as one at first: see `anywhere`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv6Address
from typing import TYPE_CHECKING, Final

from pipeline.transforms.setting import check_whole

if TYPE_CHECKING:
    from collections.abc import Callable

type Conceal = Callable[[str], str]

HIDDEN: Final = "***"
_CARD_DIGITS: Final = 13
_LAST_DIGITS: Final = 4
_NINE: Final = 9

# In one piece, or in groups as they are printed: 4-4-4-4 (to 19 digits), and 4-6-5 or 4-6-4. 2 to 6 is what cards begin
# with. Before and behind it stands no digit or letter: a longer number is none, and neither is a piece of a trace id.
_CARD: Final = re.compile(
    r"(?<![0-9A-Za-z])(?<!\d\.)"
    r"(?:[2-6]\d{12,18}|[2-6]\d{3}([ -])\d{4}\1\d{4}\1\d{1,4}(?:\1\d{1,3})?|3\d{3}([ -])\d{6}\2\d{4,5})"
    r"(?![0-9A-Za-z])",
    re.ASCII,
)
_TOKEN: Final = re.compile(
    r"(?<![0-9A-Za-z])(?:"
    r"(?:AKIA|ASIA)[A-Z2-7]{16}"  # AWS access key id
    r"|gh[pousr]_[0-9A-Za-z]{36,255}|github_pat_\w{22,255}"  # GitHub
    r"|glpat-[\w-]{20,255}"  # GitLab
    r"|xox[abeoprs]-[0-9A-Za-z-]{10,255}"  # Slack
    r"|[rs]k_(?:live|test)_[0-9A-Za-z]{16,255}"  # Stripe
    r"|AIza[\w-]{35}"  # Google
    r"|(?<![\w-])eyJ[\w-]{5,4096}+\.eyJ[\w-]{5,65536}+\.[\w-]{0,4096}"  # JSON Web Token
    r")(?![0-9A-Za-z])",
    re.ASCII,
)
_TOKEN_SIGNS: Final = ("AKIA", "ASIA", "gh", "github_pat_", "glpat-", "xox", "k_", "AIza", "eyJ")
_AUTHORIZATION: Final = re.compile(r"\b(bearer|basic)(\s{1,4})[\w.~+/=-]{8,65536}+", re.ASCII | re.IGNORECASE)
_ASSIGNED: Final = re.compile(
    r"""((?:passw(?:or)?d|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|client[_-]?secret)["']?\s{0,4}[=:]\s{0,4})"""
    r"""(?:"[^"]{1,65536}+"|'[^']{1,65536}+'|[^\s"'&,;]{1,65536}+)""",
    re.ASCII | re.IGNORECASE,
)
_ASSIGNED_SIGNS: Final = ("pass", "pwd", "secret", "token", "key")
_USERINFO: Final = re.compile(r"(://[^\s/:@]{0,256}+:)[^\s/@]{1,256}+(?=@)")
_PRIVATE_KEY: Final = re.compile(
    r"(-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----)(?:[^-]|-(?!----))*+(?:-----END [A-Z ]{0,40}PRIVATE KEY-----)?"
)
# It begins with a digit, so that a regular expression is looked for by it, and nothing is tried twice.
_V4: Final = r"\d(?<![\d.]\d)\d{0,2}+(?:\.\d{1,3}+){3}(?!\d)(?!\.\d)"
_IPV4: Final = re.compile(_V4, re.ASCII)
_IP: Final = re.compile(
    r"(?:(?<![\w:.])|(?<=[g-zG-Z_]:))[0-9A-Fa-f:]{0,37}:(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4})(?![\w:])(?!\.\d)"
    rf"|{_V4}",
    re.ASCII,
)
_FEWEST_COLONS: Final = 6  # of an IPv6 address without a ::
_V6_BITS: Final = 128
_MOST_REMEMBERED: Final = 4_096


# NUL cuts the texts of an event apart when they are looked through as one.
CUT: Final = "\0"
_ANYWHERE: Final[set[Conceal]] = set()


def anywhere[F: Conceal](conceal: F) -> F:
    """Say of a function that it finds what it conceals wherever it stands in a longer text, cut off by NUL or its ends.

    So texts that are one after the other unchanged by it, with a NUL between them, are each unchanged by it.

    >>> is_anywhere(card), is_anywhere(str.upper)
    (True, False)
    """
    _ANYWHERE.add(conceal)
    return conceal


def is_anywhere(conceal: Conceal) -> bool:
    """Whether that was said of it."""
    return conceal in _ANYWHERE


@anywhere
def card(text: str) -> str:
    """The card numbers in a text, but for their last four digits.

    >>> card("paid with 4111 1111 1111 1111"), card("order 4111111111111112")
    ('paid with ***1111', 'order 4111111111111112')
    """
    if len(text) < _CARD_DIGITS:
        return text
    pieces, at, start = [], 0, 0
    while match := _CARD.search(text, start):
        digits = [int(each) for each in match[0] if each.isdecimal()]
        if is_luhn(digits):
            pieces += [text[at : match.start()], HIDDEN, *map(str, digits[-_LAST_DIGITS:])]
            at = start = match.end()
        else:
            start = match.start() + 1
    return "".join([*pieces, text[at:]]) if pieces else text


def is_luhn(digits: list[int]) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B).

    >>> is_luhn([7, 9, 9, 2, 7, 3, 9, 8, 7, 1, 3])
    True
    """
    doubled = (2 * digit for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(each - _NINE if each > _NINE else each for each in doubled)) % 10 == 0


@anywhere
def secret(text: str) -> str:
    """The keys, tokens and passwords in a text of a form that is known.

    >>> secret("GET /?token=abc123&x=1"), secret("postgres://eve:hunter2@db/x"), secret("AKIAIOSFODNN7EXAMPLE")
    ('GET /?token=***&x=1', 'postgres://eve:***@db/x', '***')
    """
    if "-----BEGIN" in text:
        text = _PRIVATE_KEY.sub(rf"\1{HIDDEN}", text)
    if any(sign in text for sign in _TOKEN_SIGNS):
        text = _TOKEN.sub(HIDDEN, text)
    if "://" in text and "@" in text:
        text = _USERINFO.sub(rf"\1{HIDDEN}", text)
    lower = text.lower()
    if "bearer" in lower or "basic" in lower:
        text = _AUTHORIZATION.sub(rf"\1\2{HIDDEN}", text)
    if any(sign in lower for sign in _ASSIGNED_SIGNS):
        text = _ASSIGNED.sub(rf"\1{HIDDEN}", text)
    return text


def address(v4: int = 24, v6: int = 48) -> Conceal:
    """What leaves the first bits of each IP address in a text, and makes the others 0.

    >>> address()("10.1.2.3 asked 2001:db8:1:2::3")
    '10.1.2.0 asked 2001:db8:1::'
    """
    check_whole("v4", v4, least=0, most=32)
    check_whole("v6", v6, least=0, most=_V6_BITS)
    mask_v4, mask_v6 = _mask(v4, 32), _mask(v6, _V6_BITS)

    @lru_cache(maxsize=_MOST_REMEMBERED)
    def truncated(text: str) -> str:
        if ":" not in text:
            return _truncated_v4(text, mask_v4)
        head, _, last = text.rpartition(":")
        try:
            known = IPv6Address(text)
        except ValueError:
            return f"{head}:{_truncated_v4(last, mask_v4)}" if "." in last else text
        if known.ipv4_mapped is not None:
            return f"::ffff:{_truncated_v4(str(known.ipv4_mapped), mask_v4)}"
        return str(IPv6Address(int(known) & mask_v6))

    def conceal(text: str) -> str:
        if "::" in text or text.count(":") >= _FEWEST_COLONS:
            return _IP.sub(lambda match: truncated(match[0]), text)
        return _IPV4.sub(lambda match: truncated(match[0]), text) if "." in text else text

    return anywhere(conceal)


def _truncated_v4(text: str, mask: int) -> str:
    """What looks like an address is truncated as one, be its numbers too large or not."""
    bits = 0
    for octet in text.split("."):
        bits = bits << 8 | min(int(octet), 255)
    bits &= mask
    return f"{bits >> 24}.{bits >> 16 & 255}.{bits >> 8 & 255}.{bits & 255}"


def _mask(ones: int, bits: int) -> int:
    return (1 << bits) - (1 << (bits - ones))
