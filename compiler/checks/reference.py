"""The reference page of checks, and the text of `tocsin explain`, both rendered from the registry.

`python -m compiler.checks` writes the page; a test compares the committed page with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import fill
from typing import Final

from compiler.checks.code import Code
from compiler.checks.codes import SUBJECTS

_WIDTH: Final = 100

_PREFACE: Final = """\
# Checks

<!-- Written by `python -m compiler.checks` from the registry of codes; change that, not this page. -->

`tocsin check` and `tocsin compile` say what is wrong with thresholds.yaml and the runbooks, and where. Nothing is
written while there is an error. Every finding has a code, in brackets; `tocsin explain CODE` prints what this page says
of it. With `--format json|github|sarif` programs read the findings.

## Silence a finding

A finding that is right and yet intended is silenced where it stands, at the end of its line or alone in the line above
it:

```yaml
queue_depth: {warning: ">= 0", runbook: "#queue"}  # tocsin: ignore[limit-always-fires] a drill until the end of May
```

```markdown
<!-- tocsin: ignore[unused-section] people come here from the wiki -->
## Planned maintenance
```

Several codes stand with commas between them: `ignore[limit-order, contact]`. Above a fenced block a comment holds for
the whole block. The reason is required. A comment that silences nothing is a finding, so none outlives what it was
written for. In runbooks the comments are taken out before a section is shown to anybody. What leaves nothing to compile
cannot be silenced.

## What cannot be got wrong

Inhibition has no check, because nobody writes its rules: a critical or emergency alert silences the less severe ones of
the same alert name, system and component in the same installation, and nothing else. What tells installations apart is
what `dimensions` declares, and the labels that do so in most houses, such as `cluster` and `environment`. No rule can
name an alert that does not exist, and none can silence another component, as long as the labels of `per` come out of
the queries, which `lost-label` sees to. Tests hold the generated configuration against that law.
"""


def page() -> str:
    """Return the reference page as Markdown."""
    return "\n".join([_PREFACE, *_index(), *(line for name in SUBJECTS for line in _context(name))])


def explanation(entry: Code) -> str:
    """Return the explanation of one code for a terminal."""
    silence = (
        f"A comment with a reason silences it: `# tocsin: ignore[{entry.code}] …`."
        if entry.suppressible
        else "It cannot be silenced by a comment."
    )
    parts = (entry.code, entry.summary, entry.explanation, f"To mend it: {entry.mend}", silence)
    return "\n\n".join(fill(part, _WIDTH, break_long_words=False, break_on_hyphens=False) for part in parts)


def _index() -> Iterator[str]:
    yield "| code | what is wrong | can be silenced |"
    yield "|---|---|---|"
    for entry in sorted((code for entries in SUBJECTS.values() for code in entries), key=lambda code: code.code):
        yield f"| [`{entry.code}`](#{entry.code}) | {entry.summary} | {'yes' if entry.suppressible else 'no'} |"
    yield ""


def _context(name: str) -> Iterator[str]:
    yield f"## {name}"
    yield ""
    for entry in SUBJECTS[name]:
        yield f"### {entry.code}"
        yield ""
        yield entry.summary
        yield ""
        yield entry.explanation
        yield ""
        yield f"To mend it: {entry.mend}"
        yield ""
