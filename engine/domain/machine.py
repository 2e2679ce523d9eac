"""What was found out about this machine."""

from enum import StrEnum

from msgspec import Struct


class Verdict(StrEnum):
    FINE = "fine"
    LIMITED = "limited"
    BROKEN = "broken"


class Finding(Struct, frozen=True):
    """One thing looked at: what was found, how good that is, and what to do ("" when nothing need be done)."""

    name: str
    verdict: Verdict
    found: str
    advice: str = ""


class Findings(Struct, frozen=True):
    """All that was looked at."""

    findings: tuple[Finding, ...]

    @property
    def sentence(self) -> str:
        """For the user, in short."""
        short = [one.name for one in self.findings if one.verdict is not Verdict.FINE]
        if not short:
            return "This machine was checked: everything that Groundwork needs is there."
        return f"This machine was checked; there is something to know about {_listed(short)}."

    @property
    def text(self) -> str:
        """A report to pass on."""
        lines = [f"{one.name:16}{one.verdict.value:10}{one.found}" for one in self.findings]
        advice = [f"{one.name}: {one.advice}" for one in self.findings if one.advice]
        return "\n".join([*lines, "", *advice]).rstrip() + "\n"


def _listed(words: list[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
