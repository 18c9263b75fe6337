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

`tocsin check` and `tocsin compile` say what is wrong with thresholds.yaml and the runbooks, and where. They
write nothing while there is an error. Every finding has a code, in brackets; `tocsin explain CODE` prints what this
page says of the code. `--format json|github|sarif` prints the findings for programs.

## Silence a finding

If the compiler is right and you still mean what the file says, silence the finding by a comment. The comment stands at
the end of the finding's line, or alone in the line above:

```yaml
queue_depth: {warning: ">= 0", runbook: "#queue"}  # tocsin: ignore[limit-always-fires] a drill until the end of May
```

```markdown
<!-- tocsin: ignore[unused-section] people come here from the wiki -->
## Planned maintenance
```

Commas separate several codes: `ignore[limit-order, contact]`. A comment above a fenced block applies to the whole
block. The reason is required. A comment that silences nothing is itself a finding, so no comment outlives its finding.
The compiler takes the comments out of a runbook's section before anybody sees the section. No comment silences a
finding that leaves nothing to compile.

## What cannot be got wrong

Inhibition has no check, because the compiler writes its rules. A critical or emergency alert inhibits the less severe
alerts of the same alert name, system and component in the same installation, and nothing else. The labels that
`dimensions` declares tell installations apart, and so do the labels that most houses use for this, such as `cluster`
and `environment`. No rule can name an alert that does not exist. No rule can inhibit another component, as long as the
queries keep the labels of `per`; `lost-label` checks that. Tests compare the generated configuration with these rules.
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
