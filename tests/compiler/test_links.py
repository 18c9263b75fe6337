"""Tests of links in runbooks: what a link is, where it leads, and the findings about a link that leads nowhere."""

from __future__ import annotations

import time
from pathlib import Path
from types import ModuleType

import pytest

from compiler import linked_files as linked_files_room
from compiler import source_files
from compiler.compilation import compile_spec
from compiler.diagnostics import Diagnostic, Diagnostics
from compiler.input_files import MAX_MARKDOWN, InputFiles
from compiler.linked_files import MAX_LINKED, linked_files
from compiler.runbooks import Link, Runbook, parse_runbook
from compiler.runbooks.anchors import Style
from compiler.runbooks.destinations import Destination, destination
from tests.compiler.base import LEDGER, SHOP, SPEC, codes, edit

PLACE = "Is the database slow?"
HOSTILE = (
    "[",
    "[](",
    "[a](b",
    "[a",
    "![",
    "<a ",
    "x <!-- ",
    "<a href=",
    "`",
    "[a](<",
    '[a](b "',
    "*a_ ",
    "[x][x] ",
    "[a](b) ",
)


def parse(text: str, style: Style = "github") -> Runbook:
    """Return a parsed runbook."""
    return parse_runbook("runbooks/r.md", text, Diagnostics(), style=style)


def link_places(text: str) -> list[tuple[str, int, int, int]]:
    """Return target, line and columns of each link in a text."""
    return [(link.target, link.span.line, link.span.column, link.span.end_column) for link in parse(text).links]


def shown(links: tuple[Link, ...], text: str) -> list[str]:
    """Return the words above the carets of links."""
    lines = text.split("\n")
    return [lines[link.span.line - 1][link.span.column - 1 : link.span.end_column - 1] for link in links]


def findings() -> list[Diagnostic]:
    """Return the findings in the current directory."""
    return list(compile_spec(Path(SPEC)).diagnostics)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("see [a](b.md#c)", "b.md#c"),
        ("see [a [b]](c.md)", "c.md"),
        ("see [`a](x`](b.md)", "b.md"),
        ("see [a](<b c.md>)", "b c.md"),
        ('see [a]( b.md "title")', "b.md"),
        ("see [a](b_\\(c\\).md)", "b_(c).md"),
        ("see [a](b(c).md)", "b(c).md"),
        ("![a picture](p.png)", "p.png"),
        ("## A [head](b.md) ##", "b.md"),
        ("> - in [both](b.md)", "b.md"),
        ("1. one\n\n   - [deep](b.md)", "b.md"),
        ("| a | b |\n|---|---|\n| x | [c](d.md) |", "d.md"),
        ("a\n[over](b.md)\nlines", "b.md"),
        ('<a href="b.md">b</a>', "b.md"),
        ("text <a class='x' href='b.md'>b</a>", "b.md"),
        ('<p align="center"><img src=b.png></p>', "b.png"),
        ("[a][r]\n\n[r]: b.md", "b.md"),
        ('> [a]\n>\n> [a]: <b c.md> "title"', "b c.md"),
        ("[r]:\n  b.md\n\n[r]", "b.md"),
    ],
)
def test_a_link_is_found_with_its_target_and_its_place(text: str, target: str) -> None:
    """GitHub makes a link or a picture of each form. The caret stands under the target."""
    (link,) = parse(text).links
    assert link.target == target
    assert shown(parse(text).links, text)[0].replace("\\", "") == target


def test_a_picture_that_is_a_link_is_two() -> None:
    """Each of the two can lead nowhere."""
    assert link_places("[![p](p.png)](a.md)") == [("p.png", 1, 7, 12), ("a.md", 1, 15, 19)]


def test_a_link_within_the_words_of_a_picture_is_none() -> None:
    """GitHub shows these words instead of a missing picture, as plain text."""
    assert link_places("![see [a](b.md)](p.png) and [c](d.md)") == [("p.png", 1, 18, 23), ("d.md", 1, 33, 37)]


def test_links_of_one_text_are_in_the_order_of_their_places() -> None:
    """This holds even if a text mixes definitions, HTML and paragraphs of several lines."""
    text = "[a]: x.md\n\n- [b](y.md)\n  [c](z.md) <a href='w.md'>\n\n| [d](v.md) | [d](v.md) |\n|---|---|\n"
    places = [link.span for link in parse(text).links]
    assert places == sorted(places)
    assert shown(parse(text).links, text) == ["x.md", "y.md", "z.md", "w.md", "v.md", "v.md"]


@pytest.mark.parametrize(
    "text",
    [
        "`[a](b.md)`",
        "```\n[a](b.md)\n```",
        "    [a](b.md)",
        "\\[a](b.md)",
        "<!-- [a](b.md) -->",
        "---\nx: '[a](b.md)'\n---\n",
        "+++\nx = '[a](b.md)'\n+++\n",
        "[a] (b.md)",
        "[^1]: Once.",
        '<!-- <a href="b.md"> -->',
    ],
)
def test_what_only_looks_like_a_link_is_none(text: str) -> None:
    """These are code, comments, front matter, escapes and footnotes."""
    assert link_places(text) == []


@pytest.mark.parametrize(
    ("target", "there"),
    [
        ("#a", Destination(path="runbooks/r.md", anchor="a")),
        ("", Destination(path="runbooks/r.md", anchor=None)),
        ("#", Destination(path="runbooks/r.md", anchor=None)),
        ("#top", Destination(path="runbooks/r.md", anchor=None)),
        ("#user-content-a", Destination(path="runbooks/r.md", anchor="a")),
        ("#%C3%BCber", Destination(path="runbooks/r.md", anchor="über")),
        ("b.md#a", Destination(path="runbooks/b.md", anchor="a")),
        ("b.md#:~:text=x", Destination(path="runbooks/b.md", anchor=None)),
        ("b.md?plain=1#L7", Destination(path="runbooks/b.md", anchor=None)),
        ("../docs/./b%20c.md", Destination(path="docs/b c.md", anchor=None)),
        ("/docs/b.md", Destination(path="docs/b.md", anchor=None)),
        ("..", Destination(path=".", anchor=None)),
        ("../../issues", None),
        ("/../x", None),
        ("https://example.com/b.md#a", None),
        ("//example.com", None),
        ("mailto:a@example.com", None),
        ("{{site.url}}/b.md", None),
        ("a%00b", None),
    ],
)
def test_a_link_leads_from_its_runbook_to_a_path_below_the_folder(target: str, there: Destination | None) -> None:
    """The files do not tell about web addresses and about paths outside of the folder."""
    assert destination("runbooks/r.md", target, "github") == there


def test_the_root_of_a_site_and_addresses_of_its_pages_are_not_known() -> None:
    """Only repositories begin where thresholds.yaml lies. MkDocs makes pages of the files that it is given."""
    assert destination("r.md", "/docs/b.md", "mkdocs") is None
    assert destination("r.md", "/docs/b.md", "plain") is None
    assert destination("r.md", "../b/", "mkdocs") is None
    assert destination("r.md", "b.md#user-content-a", "mkdocs") == Destination(path="b.md", anchor="user-content-a")


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize(
    "text",
    [
        "[a](#slow-answers)",
        "[a](shop.md#errors)",
        "[a](ledger.md#backlog)",
        "[a](../runbooks/ledger.md#backlog)",
        "[a](/runbooks/ledger.md#backlog)",
        "[a](../thresholds.yaml#L7)",
        "[a](..)",
        "[a](../notes/)",
        "[a](../notes/n.md#über-uns)",
        "[a](../notes/n.md#here)",
        "[a](../notes/n.md#there)",
        "[a](../../elsewhere.md)",
        "[a](https://example.com/nothing)",
        '<a name="spot"></a>\n\n[a](#spot)',
    ],
)
def test_a_link_that_leads_somewhere_is_fine(text: str) -> None:
    """A link may lead to a file or folder, a heading of any Markdown file, or an anchor that HTML sets."""
    Path("notes").mkdir()
    Path("notes/n.md").write_text('# Über uns\n\n<a id="here"></a>\n\ntext <a name=there>x</a>\n', encoding="utf-8")
    edit(SHOP, PLACE, f"{PLACE}\n\n{text}")
    assert codes() == []


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "[a](#slow-answer)",
            "runbooks/shop.md has no section or anchor `#slow-answer`",
            "did you mean `#slow-answers`?",
        ),
        (
            "[a](ledger.md#Backlog)",
            "runbooks/ledger.md has no section or anchor `#Backlog`",
            "did you mean `#backlog`?",
        ),
        ("[a](/runbook/shop.md)", "there is no file `runbook/shop.md`", "did you mean `runbooks`?"),
        ("[a](legder.md)", "there is no file `runbooks/legder.md`", "did you mean `runbooks/ledger.md`?"),
        ("![a](p.png)", "there is no file `runbooks/p.png`", "known here: `runbooks/ledger.md`, `runbooks/shop.md`"),
    ],
)
def test_a_link_that_leads_nowhere_is_shown_with_what_was_meant(text: str, message: str, hint: str) -> None:
    """The hint names the nearest name, or all names if they are few."""
    edit(SHOP, PLACE, text)
    (finding,) = findings()
    assert (finding.code, finding.message, finding.hint) == ("broken-link", message, hint)


@pytest.mark.usefixtures("base")
def test_a_comment_with_a_reason_silences_a_broken_link() -> None:
    """Somebody may already link a page that another team has yet to write."""
    edit(SHOP, PLACE, f"<!-- tocsin: ignore[broken-link] comes in May -->\n{PLACE} [a](b.md)")
    assert codes() == []


@pytest.mark.usefixtures("base")
def test_nothing_outside_of_the_folder_is_looked_at(tmp_path: Path) -> None:
    """The compiler does not follow a symbolic link either. Whether a file outside exists stays secret."""
    (tmp_path / "secret.md").write_text("# A\n", encoding="utf-8")
    Path("out").symlink_to(tmp_path)
    edit(SHOP, PLACE, "[a](../out/secret.md#b) [c](../out/nothing.md) [d](../../secret.md)")
    assert codes() == []


@pytest.mark.usefixtures("base")
def test_a_file_that_cannot_be_read_has_any_anchor() -> None:
    """The file exists, but its content is not known."""
    Path("runbooks/latin.md").write_bytes(b"# Caf\xe9\n")
    Path("runbooks/loop.md").symlink_to("loop.md")
    edit(SHOP, PLACE, f"[a](latin.md#cafe) [b](loop.md) [c]({'x' * 300}.md)")
    assert [finding.message[:30] for finding in findings()] == [
        "there is no file `runbooks/loo",
        "there is no file `runbooks/xxx",
    ]


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize(
    ("style", "anchor"), [("github", "a--b"), ("gitlab", "a-b"), ("mkdocs", "a-b"), ("gitea", "a--b")]
)
def test_anchors_of_linked_files_are_those_of_the_place_where_they_are_read(style: Style, anchor: str) -> None:
    """GitLab and MkDocs join hyphens."""
    Path("runbooks/n.md").write_text("# A & b\n", encoding="utf-8")
    runbook = parse("[a](n.md)", style)
    linked = linked_files(Path(), InputFiles(Path()), {runbook.path: runbook}, style, Diagnostics())
    assert linked["runbooks/n.md"].anchors == {anchor}


@pytest.mark.usefixtures("base")
def test_a_link_in_another_runbook_uses_a_section() -> None:
    """The link names the section by the path from its own folder. A file of the same name elsewhere is another file."""
    edit(SHOP, "## Checkout closed\n", "## Tills jam\n\n```bash\ntillctl\n```\n\n## Checkout closed\n")
    Path("shop.md").write_text("# Tills jam\n", encoding="utf-8")
    ledger = Path(LEDGER)
    ledger.write_text(ledger.read_text(encoding="utf-8") + "\n[The tills](../shop.md#tills-jam)\n", encoding="utf-8")
    assert codes() == ["unused-section"]
    edit(LEDGER, "../shop.md", "shop.md")
    assert codes() == []


@pytest.mark.parametrize(
    "text",
    [
        *(piece * (19_000 // len(piece)) + "](\n\n" for piece in HOSTILE),
        *("[" * 1_000_000 + "](", "[a](b.md#c)\n\n" * 5_000, "<a href='b'>" * 20_000, "<p>" + "<a href='b'>" * 20_000),
        "".join(f"[r{number}]: f.md\n" for number in range(10_000)),
        "".join(f'<a id="x{number}"></a>\n' for number in range(10_000)) + "\n# H\n",
    ],
    ids=lambda text: ascii(text[:9]),
)
def test_links_of_a_text_that_nobody_writes_are_found_in_time(text: str) -> None:
    """No rule takes quadratic time for it. A paragraph longer than people write is not searched."""
    started = time.process_time()
    runbook = parse(text)
    parts = (runbook.links, runbook.targets)
    assert time.process_time() - started < 10, f"{len(parts[0])} links, {len(parts[1])} anchors"


def counted(monkeypatch: pytest.MonkeyPatch, room: ModuleType, name: str) -> list[str]:
    """Return a list that grows by the beginning of each text that a function reads."""
    texts: list[str] = []
    work = getattr(room, name)

    def read(*given: object, **named: object) -> object:
        texts.append(str(next(argument for argument in given if "# " in str(argument)))[:20])
        return work(*given, **named)

    monkeypatch.setattr(room, name, read)
    return texts


LINKS_TO_A_DOCUMENT = (
    "[a](far.md#{n})",
    "[a](./far.md#{n})",
    "[a](../runbooks/far.md#{n})",
    "[a](far.md?plain={n})",
    "[a](f%61r.md#{n})",
    "[a](<far.md> '{n}')",
    "![a](far.md '{n}')",
    "[a][r{n}]\n\n[r{n}]: far.md#{n}",
    '<a href="far.md#{n}">a</a>',
    "[a](/runbooks/far.md#{n})",
    "[a](name{n}.md#far)",
)


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize("link", LINKS_TO_A_DOCUMENT)
def test_a_document_is_read_once_however_many_links_lead_to_it(link: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name does not matter, even a symbolic link's, nor the runbook.

    The compiler does not read what that document links.
    """
    Path("runbooks/far.md").write_text("# Far\n\n[b](farther.md)\n", encoding="utf-8")
    Path("runbooks/farther.md").write_text("# Farther\n\n[b](far.md)\n", encoding="utf-8")
    for number in range(20):
        Path(f"runbooks/name{number}.md").symlink_to("far.md")
    text = "\n\n".join(link.replace("{n}", str(number)) for number in range(20))
    for path in (SHOP, LEDGER):
        Path(path).write_text(f"{Path(path).read_text(encoding='utf-8')}\n{text}\n", encoding="utf-8")
    read = counted(monkeypatch, linked_files_room, "anchors_in")
    findings()
    assert len(read) == 1
    assert read[0].startswith("# Far\n")


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize("name", ["./{}", ".//{}", "././{}", "runbooks/./{0.name}", "runbooks//{0.name}", "same.md"])
def test_a_runbook_is_read_once_by_whatever_names_its_systems_call_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The compiler uses the name that stands first, and reports the findings once."""
    Path("same.md").symlink_to(SHOP)
    edit(SHOP, PLACE, f"{PLACE} [a](nowhere.md)")
    edit(SPEC, f"runbook: {LEDGER}", f"runbook: {name.format(Path(SHOP)) if name[0] == 'r' else name.format(SHOP)}")
    read = counted(monkeypatch, source_files, "parse_runbook")
    messages = [finding.message for finding in findings()]
    assert len(read) == 1
    assert messages.count("there is no file `runbooks/nowhere.md`") == 1


@pytest.mark.usefixtures("base")
def test_linked_documents_are_bounded_in_sum() -> None:
    """The one finding stands at the first link beyond the limit. The documents before it are checked."""
    size = MAX_MARKDOWN - 10
    number = MAX_LINKED // size + 3
    for index in range(number):
        Path(f"runbooks/far{index}.md").write_text("# Far\n\n" + "x" * (size - 10), encoding="utf-8")
    lines = "".join(f"[a](far{index}.md#near)\n\n" for index in range(number))
    edit(SHOP, PLACE, f"{PLACE}\n\n{lines}")
    beyond = [finding for finding in findings() if finding.code == "missing-file"]
    assert [finding.message for finding in beyond] == ["the documents that runbooks link have more than 8 MiB together"]
    (line,) = [finding.span.line for finding in beyond]
    assert f"far{MAX_LINKED // size}.md" in Path(SHOP).read_text(encoding="utf-8").split("\n")[line - 1]
    assert beyond[0].hint is not None
    judged = [finding for finding in findings() if finding.code == "broken-link"]
    assert len(judged) == MAX_LINKED // size
