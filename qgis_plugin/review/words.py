"""Findings in words, for the list and the side panel: rules, statuses, zones, areas; every text for HTML is escaped.

Goes in: values of a store. Comes out: plain text, or HTML in which whatever came from a layer is escaped.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from ...engine import amounts
from ...engine.catalogue import number, rules, text
from ...engine.store.decisions import STATUSES, Decision
from ...engine.store.listing import CHANGES, LAPSED, Group, Row

ZONE_COLOURS = {"a": "#0072B2", "b": "#E69F00"}
FINDING_COLOUR = "#D1007A"
MOST_FIELDS = 14
LONGEST_VALUE = 200


def rule_title(rule: str, language: str) -> str:
    """The title of a rule; a rule that this version does not know stands for itself."""
    known = rules().get(rule)
    return known.text("title", language) if known else rule


def status_word(status: str, language: str) -> str:
    """A status in words."""
    return text(f"status.{status}", language) if status in STATUSES else status


def change_word(change: str, language: str) -> str:
    """What became of a finding since the last run, in words."""
    return text(f"review.change_{change}", language) if change in (*CHANGES, LAPSED) else change


def status_text(row: Row, language: str) -> str:
    """The status for the list, and what the last run changed in it: what persists needs no word."""
    status = status_word(row.status, language)
    if row.lapsed:
        return f"{status} · {text('review.short_lapsed', language)}"
    if row.change in ("", "persisting") or row.change == row.status:
        return status
    return f"{status} · {change_word(row.change, language)}"


def severity_word(severity: str, language: str) -> str:
    """A severity in words."""
    return text(f"severity.{severity}", language) if severity in ("error", "warning", "info") else severity


def area_text(area_m2: float | None, language: str) -> str:
    """An area for the list, "" where there is none."""
    return "" if area_m2 is None or not math.isfinite(area_m2) else amounts.area_text(area_m2, language)


def width_text(width_m: float | None, language: str) -> str:
    """A width for the list, "" where there is none."""
    return "" if width_m is None or not math.isfinite(width_m) else amounts.width_text(width_m, language)


def zones_text(row: Row) -> str:
    """Both zones with their codes, one line."""
    sides = [_zone(row.zone_a, row.code_a), _zone(row.zone_b, row.code_b)]
    return " / ".join(side for side in sides if side)


def _zone(zone: str, code: str) -> str:
    return f"{zone} ({code})" if zone and code else zone or code


def group_text(group: Group, kind: str, language: str) -> str:
    """The heading of a group: what it is, how many, how many open, and the ground they cover."""
    if kind == "severity":
        name = severity_word(group.key[0], language)
        name = name[:1].upper() + name[1:]
    elif kind == "rule":
        name = rule_title(group.key[0], language)
    else:
        name = " / ".join(part for part in group.key if part) or text("review.no_territory", language)
    values = {"name": name, "count": group.findings, "open": group.open, "area": area_text(group.area_m2, language)}
    return text("review.group", language, **values)


# ── the side panel ──────────────────────────────────────────────────────────────────────────────────────────────────


def _safe(value: object) -> str:
    return html.escape(str(value))


def nothing_html(language: str) -> str:
    """The side panel while nothing is chosen."""
    return f"<p>{_safe(text('review.nothing_chosen', language))}</p>"


def several_html(chosen: int, outlined: int, language: str) -> str:
    """What stands above the description when several are chosen: that a decision is about all, and how many the map outlines."""
    if chosen < 2:
        return ""
    key = "review.several" if outlined >= chosen else "review.several_outlined"
    values = {"count": number(chosen, 0, language), "outlined": number(outlined, 0, language)}
    return f"<p><b>{_safe(text(key, language, **values))}</b></p>"


def finding_html(
    values: Mapping[str, object],
    pieces: tuple[int, int],
    zones: Mapping[str, tuple[str, Sequence[tuple[str, str]]]],
    decisions: Iterable[Decision],
    language: str,
) -> str:
    """All about one finding. ``pieces``: the piece looked at (0 for the whole) and how many there are; ``zones``: for "a" and
    "b" the layer that holds the zone, and its (field, value) pairs.
    """
    rule = rules().get(str(values["rule"]))
    title = _safe(rule_title(str(values["rule"]), language))
    status = status_word(str(values["status"] or "open"), language)
    parts = [
        f"<h3>{title}</h3>",
        f"<p>{_safe(severity_word(str(values['severity']), language))} · <b>{_safe(status)}</b></p>",
        f"<p>{_safe(values['message'] or '')}</p>",
    ]
    since = [change_word(str(values.get("change") or ""), language), str(values.get("change_detail") or "")]
    known = {
        "change": ": ".join(part for part in since if part),
        "territory": values["territory"],
        "must_adjust": values["must_adjust"],
        "reference": values["reference"],
        "verdict": text(f"verdict.{values['verdict']}", language) if values["verdict"] else "",
        "area_m2": area_text(_real(values["area_m2"]), language),
        "width_m": width_text(_real(values["width_m"]), language),
    }
    lines = [(text(f"review.{name}", language), value) for name, value in known.items() if value]
    if pieces[1] > 1:
        key = "review.pieces" if pieces[0] == 0 else "review.piece"
        lines.append((text("review.pieces_label", language), text(key, language, piece=pieces[0], pieces=pieces[1])))
    parts.append(_table(lines))
    for side in ("a", "b"):
        parts.append(_zone_html(side, values, zones.get(side), language))
    parts.append(_history_html(decisions, language))
    if rule is not None:
        parts.append(
            f"<p><i>{_safe(rule.text('explanation', language))} {_safe(rule.text('remedy', language))}</i></p>"
        )
    return "".join(parts)


def _zone_html(
    side: str, values: Mapping[str, object], found: tuple[str, Sequence[tuple[str, str]]] | None, language: str
) -> str:
    zone, code, plan = (str(values[f"{name}_{side}"] or "") for name in ("zone", "code", "plan"))
    if not zone and not code:
        return ""
    mark = f'<span style="color:{ZONE_COLOURS[side]}">■</span>'
    heading = text(f"review.zone_{side}", language, zone=_zone(zone, code), plan=plan)
    if found is None:
        return f"<h4>{mark} {_safe(heading)}</h4><p>{_safe(text('review.zone_not_loaded', language))}</p>"
    layer, fields = found
    shown = [(name, value[:LONGEST_VALUE]) for name, value in fields if value][:MOST_FIELDS]
    where = _safe(text("review.zone_in", language, layer=layer))
    return f"<h4>{mark} {_safe(heading)}</h4><p>{where}</p>{_table(shown)}"


def _history_html(decisions: Iterable[Decision], language: str) -> str:
    lines = []
    for decision in reversed(list(decisions)):
        change = f"{status_word(decision.from_status, language)} → {status_word(decision.to_status, language)}"
        line = f"<b>{_safe(local_time(decision.decided))}</b> {_safe(decision.who)}: {_safe(change)}"
        if decision.undoes:
            line += f" ({_safe(text('review.undone', language))})"
        for name in ("note", "document", "expiry"):
            value = getattr(decision, name)
            if value:
                line += f"<br>{_safe(text(f'review.{name}', language))}: {_safe(value)}"
        lines.append(f"<p>{line}</p>")
    heading = f"<h4>{_safe(text('review.history', language))}</h4>"
    return heading + ("".join(lines) or f"<p>{_safe(text('review.no_history', language))}</p>")


def _table(lines: Iterable[tuple[str, object]]) -> str:
    rows = "".join(
        f'<tr><td style="padding-right:8px">{_safe(name)}</td><td>{_safe(value)}</td></tr>' for name, value in lines
    )
    return f"<table>{rows}</table>" if rows else ""


def _real(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def local_time(moment: str) -> str:
    """A time of the history (UTC) as the clock on the wall shows it; what is no time stands for itself."""
    try:
        return datetime.fromisoformat(moment.replace("Z", "+00:00")).astimezone().strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return moment
