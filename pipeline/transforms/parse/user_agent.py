"""The user agent of a request → what it is, as far as an own, short table of families tells.

It is a reading of the tokens that the large families put into the text on purpose, and of nothing else: text is found,
no regular expression is run, so it costs microseconds, and nothing at all for one that was read before. The tables of
the ua-parser project know thousands more, models of phones above all; loading them costs a Lambda function about 0.3 s
and 36 MB at its start, and 10 to 100 µs for each text.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from pipeline.transforms.field import read_text

if TYPE_CHECKING:
    from pipeline.model import Json
    from pipeline.ports import Transform

MAX_CHARACTERS: Final = 8 * 1024
# A text is looked at as far as this; no browser comes near.
WITHIN_CHARACTERS: Final = 512
_MOST_REMEMBERED: Final = 2_048
_VERSION: Final = "0123456789._"
_MAX_VERSION_CHARACTERS: Final = 32

# The token, and the family that it tells. A browser names those that it is like as well, so the order decides.
_BROWSERS: Final = (
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("Edge/", "Edge"),
    ("OPR/", "Opera"),
    ("Opera/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("YaBrowser/", "Yandex Browser"),
    ("Vivaldi/", "Vivaldi"),
    ("UCBrowser/", "UC Browser"),
    ("DuckDuckGo/", "DuckDuckGo"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Chromium/", "Chrome"),
    ("MSIE ", "Internet Explorer"),
    ("Trident/", "Internet Explorer"),
)
_SAFARI: Final = (("Version/", "Safari"),)
_SYSTEMS: Final = (
    ("Windows Phone ", "Windows Phone"),
    ("Windows NT ", "Windows"),
    ("Windows", "Windows"),
    ("iPhone OS ", "iOS"),
    ("CPU OS ", "iOS"),
    ("Android ", "Android"),
    ("Android", "Android"),
    ("CrOS ", "ChromeOS"),
    ("Mac OS X ", "macOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
    ("FreeBSD", "FreeBSD"),
)
_BOTS: Final = ("bot", "crawl", "spider", "slurp", "http://", "https://", "headless", "feedparser", "feedfetcher")


def user_agent(pointer: str, into: str | None = None) -> Transform:
    """A user agent becomes its `name`, `version`, `os`, `os_version` and `device`, those that are known.

    `device` is "desktop", "mobile", "tablet" or, for what says that it is a program, "bot".

    >>> after(user_agent("/ua"), {"ua": "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0"})
    [{'ua': {'name': 'Firefox', 'version': '131.0', 'os': 'Linux', 'device': 'desktop'}}]
    """
    return read_text(pointer, into, lambda _, text: dict(read(text[:WITHIN_CHARACTERS])), MAX_CHARACTERS)


@lru_cache(maxsize=_MOST_REMEMBERED)
def read(text: str) -> dict[str, Json]:
    """What a user agent says of itself."""
    lower = text.lower()
    is_bot = any(sign in lower for sign in _BOTS)
    name, version = _bot(text) if is_bot else _browser(text)
    system, system_version = _first(text, _SYSTEMS)
    device = "bot" if is_bot else _device(text, name, system)
    found = {"name": name, "version": version, "os": system, "os_version": system_version, "device": device}
    return {key: value for key, value in found.items() if value}


def _bot(text: str) -> tuple[str, str]:
    name, version = _product(text, is_bot=True)
    return (name, version) if name else _first(text, _BROWSERS)


def _browser(text: str) -> tuple[str, str]:
    name, version = _first(text, _BROWSERS)
    if name:
        return name, version
    if "Safari/" in text:
        return "Safari", _first(text, _SAFARI)[1]
    return _product(text, is_bot=False)


def _product(text: str, *, is_bot: bool) -> tuple[str, str]:
    """The first name before a `/`, such as `curl/8.5.0`; of a bot that looks like a browser, its own."""
    words = text.replace(";", " ").replace("(", " ").replace(")", " ").replace(",", " ").split(" ")
    products = [word.partition("/") for word in words if "/" in word and "://" not in word]
    own = [each for each in products if not is_bot or "bot" in each[0].lower()] or products
    if not own or not own[0][0] or own[0][0] == "Mozilla":
        return "", ""
    return own[0][0][:64], _version(own[0][2])


def _device(text: str, name: str, system: str) -> str:
    if "iPad" in text or "Tablet" in text or (system == "Android" and "Mobile" not in text):
        return "tablet"
    if "Mobile" in text or "iPhone" in text or system == "Windows Phone":
        return "mobile"
    return "desktop" if system and name else ""


def _first(text: str, table: tuple[tuple[str, str], ...]) -> tuple[str, str]:
    """The first family whose token is there, and the version after it."""
    for token, family in table:
        at = text.find(token)
        if at >= 0:
            return family, _version(text[at + len(token) :])
    return "", ""


def _version(text: str) -> str:
    rest = text[:_MAX_VERSION_CHARACTERS]
    return rest[: len(rest) - len(rest.lstrip(_VERSION))].rstrip("._").replace("_", ".")
