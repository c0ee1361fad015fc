"""The history of decisions: what people decided about findings, never changed and never lost, and the status that follows.

A decision is one row of the table ``decisions``; the status of a finding is where its last decision led, and is written to the
layer of findings in the same transaction, so that plain QGIS shows it. To undo is to decide again. Several writers may work at
once: a decision about a finding whose status is no longer what its reviewer saw is refused, with the name of the other. Raises
PlanError; the store is then as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from ..errors import PlanError
from .connection import reading, writing
from .opening import Layout, bring_up_to_date, decisions_of_version_1, layout_of, look_into
from .place import Place
from .schema import now
from .session import Session

STATUSES = ("open", "accepted", "waived", "resolved")
TOOL = "Plan Concord"
"""Who lets waivers lapse and resolves what is gone, in the history."""
COLUMNS = ("fid", "finding_id", "decided", "who", "from_status", "to_status", "note", "document", "expiry", "undoes")
_LISTED = ", ".join(COLUMNS)


@dataclass(frozen=True)
class Decision:
    """One row of the history. ``decided`` is the time in UTC; ``expiry`` a date (2027-12-31) or ""; ``undoes`` a number."""

    number: int
    finding_id: str
    decided: str
    who: str
    from_status: str
    to_status: str
    note: str = ""
    document: str = ""
    expiry: str = ""
    undoes: int | None = None


def decide(
    path: Place,
    finding_ids: Sequence[str],
    to_status: str,
    who: str,
    note: str = "",
    document: str = "",
    expiry: str = "",
    seen: Mapping[str, str] | None = None,
) -> list[Decision]:
    """Decide about findings, all or none; the new rows of the history.

    ``seen`` gives the status that the reviewer saw of each. A finding that already has the status is left alone, unless the
    decision carries a note, document or expiry.
    """
    _sound(to_status, who, note, expiry)
    look_into(path)  # what is no store must not wait for a lock
    with writing(path) as session:
        layout = bring_up_to_date(session)
        when, made = now(), []
        for finding_id in dict.fromkeys(finding_ids):
            status = status_of(session, layout, finding_id)
            if status is None:
                raise PlanError("error.store_finding_gone", path=path, finding=finding_id)
            if seen is not None and seen.get(finding_id, status) != status:
                raise _overtaken(session, path, finding_id, status)
            if status == to_status and not (note or document or expiry):
                continue
            row = Decision(0, finding_id, when, who.strip(), status, to_status, note.strip(), document.strip(), expiry)
            made.append(_written(session, layout, row))
        if made:
            session.touched("decisions", layout.table, when=when)
    return made


def undo(path: Place, decisions: Iterable[Decision], who: str) -> list[Decision]:
    """Undo decisions that :func:`decide` returned, all or none: each finding gets back the status, note and document of before.

    Refused for a finding about which something else was decided since, and where the number is another decision's: another store may lie
    there now.
    """
    with writing(path) as session:
        layout = bring_up_to_date(session)
        when, made = now(), []
        for decision in decisions:
            number = decision.number
            undone = _one(session, "fid = ?", number)
            if undone is None or _known_by(undone) != _known_by(decision):
                raise PlanError("error.store_decision_gone", path=path, number=number)
            last = _one(session, "finding_id = ?", undone.finding_id)
            if last is None or last.number != number:
                raise _overtaken(session, path, undone.finding_id, last.to_status if last else "")
            before = _one(session, "finding_id = ? AND fid < ?", undone.finding_id, number)
            restored = before if before is not None and before.to_status == undone.from_status else None
            row = Decision(
                0,
                undone.finding_id,
                when,
                who.strip(),
                undone.to_status,
                undone.from_status,
                restored.note if restored else "",
                restored.document if restored else "",
                restored.expiry if restored else "",
                undone.number,
            )
            made.append(_written(session, layout, row))
        if made:
            session.touched("decisions", layout.table, when=when)
    return made


def history(path: Place, finding_id: str | None = None, after: int = 0) -> list[Decision]:
    """The decisions about a finding, or about all, in their order, with numbers beyond ``after``."""
    with reading(path) as session:
        layout = layout_of(session)
        if not layout.has_decisions:
            found = all_decisions(session, layout)
            return [one for one in found if one.number > after and finding_id in (None, one.finding_id)]
        condition, values = "fid > ?", [after]
        if finding_id is not None:
            condition, values = condition + " AND finding_id = ?", [after, finding_id]  # type: ignore[list-item]
        return decisions_in(session, condition, values)


def all_decisions(session: Session, layout: Layout) -> list[Decision]:
    """The history of an open store of any version, in its order."""
    if layout.has_decisions:
        return decisions_in(session)
    rows = decisions_of_version_1(session) if layout.has_history else []
    return [Decision(number, *row) for number, row in enumerate(rows, start=1)]


def decisions_in(session: Session, condition: str = "fid > ?", values: Sequence[object] = (0,)) -> list[Decision]:
    """The decisions of an open store that fit, in their order."""
    rows = session.execute(f"SELECT {_LISTED} FROM decisions WHERE {condition} ORDER BY fid", values)  # nosec B608
    return [Decision(*row) for row in rows.fetchall()]


def expired(path: Place, today: date) -> list[str]:
    """The findings that are waived until a day that has passed."""
    with reading(path) as session:
        layout = layout_of(session)
        if not layout.has_history:
            return []
        rows = session.execute(
            f"SELECT finding_id FROM {layout.decided()} d WHERE to_status = 'waived' AND expiry <> '' AND expiry < ?"  # nosec B608
            f" AND fid = (SELECT max(fid) FROM decisions WHERE finding_id = d.finding_id)"
            f" AND finding_id IN (SELECT finding_id FROM {layout.layer}) ORDER BY fid",
            (today.isoformat(),),
        )
        return [row[0] for row in rows]


def carry_over(session: Session, layout: Layout, decisions: Iterable[Decision]) -> None:
    """Write a history into a store that has none, numbers and all, and set the statuses that follow from it."""
    places = ", ".join("?" for _ in COLUMNS)
    session.executemany(f"INSERT INTO decisions ({_LISTED}) VALUES ({places})", map(values_of, decisions))  # nosec B608
    follow(session, layout)


def follow(session: Session, layout: Layout) -> None:
    """Set the status of every finding to where its last decision led."""
    last = "(SELECT to_status FROM decisions d WHERE d.finding_id = f.finding_id ORDER BY fid DESC LIMIT 1)"
    session.execute(
        f"UPDATE {layout.layer} AS f SET status = {last} WHERE finding_id IN (SELECT finding_id FROM decisions)"  # nosec B608
    )


def status_of(session: Session, layout: Layout, finding_id: str) -> str | None:
    """Where the last decision about a finding led, else what the layer says; None when there is no such finding."""
    row = session.execute(f"SELECT status FROM {layout.layer} WHERE finding_id = ?", (finding_id,)).fetchone()  # nosec B608
    if row is None:
        return None
    last = _one(session, "finding_id = ?", finding_id)
    return last.to_status if last is not None else str(row[0] or "open")


def _sound(to_status: str, who: str, note: str, expiry: str) -> None:
    if to_status not in STATUSES:
        raise ValueError(f"no such status: {to_status}")
    if not who.strip():
        raise PlanError("error.decision_nobody")
    if to_status == "waived" and not note.strip():
        raise PlanError("error.decision_reason")
    if expiry:
        try:
            date.fromisoformat(expiry)
        except ValueError as error:
            raise PlanError("error.decision_expiry", given=expiry) from error


def _one(session: Session, condition: str, *values: object) -> Decision | None:
    """The last decision that fits."""
    row = session.execute(
        f"SELECT {_LISTED} FROM decisions WHERE {condition} ORDER BY fid DESC LIMIT 1",  # nosec B608
        values,
    ).fetchone()
    return None if row is None else Decision(*row)


def _known_by(decision: Decision) -> tuple[str, ...]:
    return decision.finding_id, decision.decided, decision.who, decision.to_status


def _written(session: Session, layout: Layout, row: Decision) -> Decision:
    number = session.insert("decisions", COLUMNS[1:], values_of(row)[1:])
    if not session.status_follows:
        session.execute(f"UPDATE {layout.layer} SET status = ? WHERE finding_id = ?", (row.to_status, row.finding_id))  # nosec B608
    return replace(row, number=number)


def values_of(decision: Decision) -> tuple[object, ...]:
    """The values of COLUMNS."""
    return tuple(getattr(decision, name) for name in ("number", *COLUMNS[1:]))


def _overtaken(session: Session, path: Place, finding_id: str, status: str) -> PlanError:
    last = _one(session, "finding_id = ?", finding_id)
    who, when = (last.who, last.decided[:16].replace("T", " ")) if last else ("–", "–")
    return PlanError("error.store_overtaken", finding=finding_id, status=status, who=who, when=when)
