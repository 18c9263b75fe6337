"""Find what an alert and a sentence are about: environment, instance, path, route, region, queue, component.

`facets` derives this for an alert from its labels, its system and its titles. `naming` finds names in a text, `placing`
decides which number of a sentence a name belongs to, and `scope` compares sentences with alerts. `names.yaml` has the
words. `compiler.resolve` uses this package to decide whether a sentence is evidence for an alert.
"""

from compiler.subjects.facets import ENVIRONMENT, Facet, Subject, subject
from compiler.subjects.naming import Named
from compiler.subjects.placing import Mark, Spoken, spoken
from compiler.subjects.scope import About, Scope

__all__ = ["ENVIRONMENT", "About", "Facet", "Mark", "Named", "Scope", "Spoken", "Subject", "spoken", "subject"]
