"""How much memory there is, on each system as it says it; simulated, because the tests run on one of them."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import small_province as province
from planconcord.cli.checks import main
from planconcord.engine.errors import PlanError
from planconcord.engine.intake import memory
from planconcord.engine.province.options import options_of

pytestmark = pytest.mark.same_with_every_library

GIB = 1 << 30


@pytest.fixture(autouse=True)
def _no_psutil(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psutil", None)


class Kernel:
    """Answers as kernel32 does: fills the structure it is handed."""

    def __init__(self, available: int, addressable: int, answers: int = 1):
        self._values, self._answers = (available, addressable), answers

    def GlobalMemoryStatusEx(self, pointer: object) -> int:
        status = pointer._obj  # type: ignore[attr-defined]
        assert status.size == 64  # Windows refuses any other
        status.available, status.virtual_available = self._values
        return self._answers


def on_windows(monkeypatch: pytest.MonkeyPatch, kernel: Kernel) -> None:
    """No sysconf, no /proc, no resource."""
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(ctypes, "windll", SimpleNamespace(kernel32=kernel), raising=False)
    monkeypatch.delattr(memory.os, "sysconf")
    monkeypatch.setitem(sys.modules, "resource", None)
    monkeypatch.setattr(memory, "GROUP_FILES", ())


def test_psutil_is_asked_where_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    psutil = ModuleType("psutil")
    psutil.virtual_memory = lambda: SimpleNamespace(available=3 * GIB)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "psutil", psutil)
    on_windows(monkeypatch, Kernel(1, 1))
    assert memory.free_bytes() == int(0.8 * 3 * GIB)


@pytest.mark.parametrize(("addressable", "expected"), [(1 << 47, 5 * GIB), (2 * GIB, 2 * GIB)])
def test_windows_without_psutil(addressable: int, expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    on_windows(monkeypatch, Kernel(5 * GIB, addressable))
    assert memory.free_bytes() == int(0.8 * expected)


def test_a_plan_that_is_too_large_is_refused_on_windows_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    on_windows(monkeypatch, Kernel(1000, 1 << 47))
    path = tmp_path / "x.dxf"
    path.write_bytes(b"0" * 1000)
    with pytest.raises(PlanError) as refused:
        memory.require_room(path, "dxf", None)
    assert refused.value.key == "error.intake.too_large"


def test_a_windows_that_does_not_answer_sets_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    on_windows(monkeypatch, Kernel(1, 1, answers=0))
    assert memory.free_bytes() is None
    monkeypatch.delattr(ctypes, "windll")
    assert memory.free_bytes() is None


def test_macos_counts_what_is_free_and_what_files_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"hw.pagesize": 16384, "vm.page_free_count": 1000, "vm.page_speculative_count": 10,
            "vm.page_purgeable_count": 200, "vm.page_pageable_external_count": 3000}  # fmt: skip

    def sysctlbyname(name: bytes, value: object, *_: object) -> int:
        value._obj.value = told.get(name.decode(), 0)  # type: ignore[attr-defined]
        return 0 if name.decode() in told else -1

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace(sysctlbyname=sysctlbyname))
    assert memory._machine_bytes() == 16384 * 4210
    del told["vm.page_pageable_external_count"]
    assert memory._machine_bytes() == 16384 * 1210
    told.clear()
    assert memory._machine_bytes() is None


def test_this_machine_says_something(monkeypatch: pytest.MonkeyPatch) -> None:
    free = memory._machine_bytes()
    assert free is None or free > 1 << 20


@pytest.mark.parametrize("given", [-1, 0, -2048])
def test_a_memory_that_holds_nothing_is_refused(given: int, tmp_path: Path, capsys) -> None:
    with pytest.raises(PlanError) as refused:
        options_of("", "", None, "", memory_bytes=given << 20)
    assert refused.value.key == "error.province.memory" and str(given).lstrip("-")[0] in refused.value.text("vi")
    register = province.make(tmp_path / "tỉnh")
    asked = ["check", str(register), "--out", str(tmp_path / "f.gpkg"), "--memory", str(given), "--language", "en"]
    assert main(asked) == 2
    assert "MEMORY" in capsys.readouterr().err and not (tmp_path / "f.gpkg").exists()
