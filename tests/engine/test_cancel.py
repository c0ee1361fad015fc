"""A person who asks to stop is heard between chunks, and nothing half finished is returned."""

from __future__ import annotations

import pytest
import shapely
from drawn import conform, cover, plan, rule_set
from planconcord.engine.progress import Cancelled, Progress
from work import counted

pytestmark = pytest.mark.same_with_every_library

RULES = rule_set({("A", "B"): "conflict"})


class Impatient(Progress):
    """Asks to stop at the ``patience``-th checkpoint, and listens to what it is told."""

    def __init__(self, patience: int):
        self.asked, self.patience, self.steps = 0, patience, list[tuple[float, str]]()

    def cancelled(self) -> bool:
        self.asked += 1
        return self.asked > self.patience

    def step(self, fraction: float, text: str = "") -> None:
        self.steps.append((fraction, text))


def tiles(count: int, width: float) -> list[shapely.Geometry]:
    return [shapely.box(x * 10, y * 10, x * 10 + width, y * 10 + width) for x in range(count) for y in range(count)]


def check(name: str, progress: Progress, count: int = 4) -> None:
    if name == "coverage":
        cover(tiles(count, 10.5), shapely.box(0, 0, count * 10, count * 10 + 5).wkt, progress=progress)
    else:
        lower, upper = plan(tiles(count, 10.5), codes=["B"] * count**2), plan(tiles(count, 9), codes=["A"] * count**2)
        conform(lower, upper, RULES, progress=progress)


@pytest.mark.parametrize("name", ["coverage", "conformity"])
def test_every_checkpoint_can_be_the_last(name: str) -> None:
    patient = Impatient(10**9)
    check(name, patient)
    assert patient.asked > 3
    for patience in range(patient.asked):
        progress = Impatient(patience)
        with pytest.raises(Cancelled):
            check(name, progress)
        assert progress.asked == patience + 1, "the check went on after it was asked to stop"


@pytest.mark.parametrize("name", ["coverage", "conformity"])
def test_progress_runs_from_0_to_1_with_words_and_never_back(name: str) -> None:
    progress = Impatient(10**9)
    check(name, progress)
    fractions = [fraction for fraction, _ in progress.steps]
    assert fractions[0] == 0.0
    assert fractions[-1] == 1.0
    assert fractions == sorted(fractions)
    assert len({text for _, text in progress.steps if text}) >= 3


@pytest.mark.parametrize("name", ["coverage", "conformity"])
def test_a_large_check_does_little_after_it_was_asked_to_stop(name: str) -> None:
    """What is under way ends, nothing else begins: a small part of the work of such a check."""
    with counted() as whole:
        check(name, Progress(), count=60)
    for patience in (10, 40):
        with counted() as work:

            class Late(Impatient):
                """Asks to stop at a checkpoint, and notes the work until then."""

                done = 0

                def cancelled(self) -> bool:
                    if super().cancelled():
                        return True
                    Late.done = work.vertices
                    return False

            with pytest.raises(Cancelled):
                check(name, Late(patience), count=60)
        assert work.vertices - Late.done < 0.25 * whole.vertices
