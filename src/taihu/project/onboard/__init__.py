"""Onboarding: unknown files become proposed sources, which a person reads, corrects and keeps.

A run never guesses; here, once, everything is looked at and every proposal says what it rests on. What the files cannot tell is
marked for a person to decide, and until then the run refuses rather than chooses.
"""

from taihu.project.onboard.proposing import Proposed, Ready, Wish, propose, write

__all__ = ["Proposed", "Ready", "Wish", "propose", "write"]
