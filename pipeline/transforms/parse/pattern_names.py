"""The named patterns of `pattern`, by the names that grok has for them where it has one.

None goes back into what it has taken, so a pattern made of them takes time linear in the text. Where that makes one
stricter or wider than grok's, it is wider: `cast` and `parse.timestamp` find out what is really there.
"""

from __future__ import annotations

from typing import Final

_INTEGER: Final = r"[+-]?+\d{1,19}+"
_OCTETS: Final = r"\d{1,3}+(?:\.\d{1,3}+){3}+"
_HOST: Final = r"[\w\-][\w.\-]{0,252}+"
_IPV6: Final = r"[0-9A-Fa-f:]{2,39}+(?:\.\d{1,3}+){0,3}+"

NAMES: Final[dict[str, str]] = {
    "WORD": r"\w++",
    "NOTSPACE": r"\S++",
    "SPACE": r"\s*+",
    "INT": _INTEGER,
    "POSINT": r"\d{1,19}+",
    "NUMBER": rf"{_INTEGER}(?:\.\d{{1,19}}+)?+(?:[eE][+-]?+\d{{1,3}}+)?+",
    "BASE16NUM": r"(?:0[xX])?+[0-9A-Fa-f]{1,64}+",
    "BOOLEAN": r"(?i:true|false)",
    "UUID": r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
    "MAC": r"[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}",
    "IPV4": _OCTETS,
    "IPV6": _IPV6,
    "IP": rf"(?>{_OCTETS}(?![\w:])|{_IPV6})",
    "HOSTNAME": _HOST,
    "IPORHOST": rf"(?>{_HOST}(?!:[0-9A-Fa-f:])|{_IPV6}|{_HOST})",
    "HOSTPORT": rf"{_HOST}:\d{{1,5}}+",
    "EMAILADDRESS": r"[\w.%+\-]{1,64}+@[\w.\-]{1,253}+",
    "USER": r"[\w.@\\\-]{1,128}+",
    "QUOTEDSTRING": r'"(?:[^"\\]|\\.)*+"',
    "PATH": r"[/\\~.\w][^\s\"']*+",
    "URI": r"[A-Za-z][A-Za-z0-9+.\-]{0,31}+:[^\s\"'<>]++",
    "URIPATHPARAM": r"/[^\s\"'<>]*+",
    "LOGLEVEL": r"(?>(?i:trace|debug|info(?:rmation(?:al)?+)?+|notice|warn(?:ing)?+|err(?:or)?+|crit(?:ical)?+"
    r"|severe|alert|panic|fatal|emerg(?:ency)?+)\b)",
    "YEAR": r"\d{4}",
    "MONTH": r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)",
    "MONTHDAY": r"[ 0-3]?+\d(?!\d)",
    "TIME": r"\d\d:\d\d:\d\d(?:[.,]\d{1,9}+)?+",
    "HTTPDATE": r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}",
    "SYSLOGTIMESTAMP": r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,9}+)?+",
    "TIMESTAMP_ISO8601": r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9}+)?+)?+(?:[Zz]|[+-]\d\d:?+\d\d)?+",
    "GREEDYDATA": r"[\s\S]*+",
}
