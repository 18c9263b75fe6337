import shutil
from pathlib import Path

import pytest

from testbed import accept
from testbed.fixtures import require
from testbed.servers import GENERATIONS, find


@pytest.fixture
def own_copy(generated: Path, tmp_path: Path) -> Path:
    """Return a copy of the sample that a test may spoil; both generations are there."""
    for generation in GENERATIONS:
        require(find(generation))
    return shutil.copytree(generated, tmp_path / "generated")


@pytest.mark.acceptance
def test_a_sound_directory_is_accepted_by_every_generation(own_copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line a check, each of them ok, and exit status 0."""
    assert accept.main([str(own_copy)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 8
    assert all(line.startswith("ok") for line in lines)


@pytest.mark.acceptance
@pytest.mark.parametrize(
    ("path", "change", "expected"),
    [
        ("prometheus/rules/sample.rules.yml", ("(service) (rate", "(service) rate"), ("check rules", "parse error")),
        ("prometheus/tests/sample.test.yml", ("exp_alerts: []", "exp_alerts: [{}]"), ("test rules", "FAILED")),
        ("alertmanager/alertmanager.yml", ("receiver: page", "receiver: nobody"), ("check-config", "nobody")),
        ("alertmanager/alertmanager.yml", ("'severity=", "'severity!="), ("routes test", "expected page, got webhook")),
    ],
    ids=["rules", "tests", "alertmanager", "routing"],
)
def test_a_fault_is_told_in_the_tools_own_words(
    own_copy: Path, capsys: pytest.CaptureFixture[str], path: str, change: tuple[str, str], expected: tuple[str, str]
) -> None:
    """A refused file fails the run, and says what the tool said."""
    file = own_copy / path
    assert change[0] in file.read_text()
    file.write_text(file.read_text().replace(*change))
    assert accept.main([str(own_copy)]) == 1
    printed = capsys.readouterr().out
    check, words = expected
    assert any(line.startswith("FAIL") and check in line for line in printed.splitlines())
    assert words in printed


def test_a_directory_without_rules_is_not_accepted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty directory is a mistake, not a success."""
    assert accept.main([str(tmp_path)]) == 1
    assert capsys.readouterr().err
