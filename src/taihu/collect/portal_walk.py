"""One walk through the steps of a recipe, by either engine.

A portal whose session has ended does not say so: it answers 200 with the login page. So after every step that opens a page the mark of
a logged-in one is looked for; where it is missing the login is done once and the steps are walked again up to there. A login that
leads back to the login page is a refusal, and nobody tries it again in this run.
"""

from __future__ import annotations

import re
import time
import urllib.parse
from collections.abc import Callable

from taihu.collect.interface import Surroundings
from taihu.collect.portal_engine import PortalEngine
from taihu.collect.portal_trace import Journal
from taihu.core.errors import AccessRefused, ManifestError, SourcePaused, TaihuError, TransientError
from taihu.core.types import Span
from taihu.manifest.portal import PeriodValue, PortalFile, Step
from taihu.manifest.project import Account
from taihu.manifest.words import parse_duration

SETTLE = 10.0
_TAGS = re.compile(r"<[^>]*>")

Person = Callable[[PortalEngine, str, str], None]
"""Whoever does what is asked of a person: engine, what to do, and the selector that shows that it is done."""


class Walk:
    """The steps of one recipe for one period.

    Args:
        engine_of: Gives the account's engine of this moment: after a broken connection it is another one.
        person: Does the ``human`` steps; None where nobody sits at the machine.
        name: The source, for people.
    """

    def __init__(
        self,
        recipe: PortalFile,
        engine_of: Callable[[], PortalEngine],
        around: Surroundings,
        account: Account,
        span: Span,
        *,
        name: str,
        person: Person | None,
    ) -> None:
        self.recipe, self.span = recipe, span
        self._engine_of = engine_of
        self.journal = Journal()
        self.secrets: set[str] = set()
        self.logins = 0
        self._around, self._account, self._name, self._person = around, account, name, person
        self._next = 0

    @property
    def engine(self) -> PortalEngine:
        """The account's engine."""
        return self._engine_of()

    # steps -------------------------------------------------------------------------------------------------------------

    def step(self, number: int) -> None:
        """Do a step as a logged-in visitor; the login is renewed once if the session has ended."""
        step = self.recipe.steps[number]
        started = time.monotonic()
        try:
            self.reach(number)
            self._do(step)
            if not self._is_alive(step):
                self.log_in()
                self.reach(number)
                self._do(step)
                if not self._is_alive(step):
                    raise self._not_logged_in()
        except TaihuError as error:
            self.journal.failed(step.label, self.engine, time.monotonic() - started, error)
            raise
        self._next = number + 1
        self.journal.done(step.label, self.engine, time.monotonic() - started)

    def reach(self, number: int) -> None:
        """Have the page open on which a step stands: nothing to do, unless a login or somebody else led away from it."""
        if self.engine.walker is not self:
            self.engine.walker, self._next = self, 0
        for step in self.recipe.steps[self._next : number]:
            if not step.collects:
                self._do(step)
                if not self._is_alive(step):
                    raise self._not_logged_in()
        self._next = max(number, self._next)

    def open(self, url: str) -> None:
        """Open a page that is none of the steps (the next page of a list) as a logged-in visitor."""
        self.engine.open(url)
        self._settled()
        if not self.engine.has(self.recipe.logged_in_if):
            self.log_in()
            self.engine.open(url)
            self._settled()
            if not self.engine.has(self.recipe.logged_in_if):
                raise self._not_logged_in()

    def follow(self, selector: str) -> None:
        """Follow a link to the next page as a logged-in visitor."""
        here = self.engine.url
        self.engine.click(selector)
        self._settled()
        if not self.engine.has(self.recipe.logged_in_if):
            self.open(here)
            self.engine.click(selector)
            self._settled()
            if not self.engine.has(self.recipe.logged_in_if):
                raise self._not_logged_in()

    def log_in(self) -> None:
        """Log in; the session is kept, sealed, unless the recipe logs out.

        Raises:
            AccessRefused: The portal refused it; this is said again, without trying, to whoever asks in this run.
            SourcePaused: A person is needed and nobody is there.
        """
        refused = self._around.refused.get(self._around.account_name)
        if refused is not None:
            raise refused
        asks = next((step for step in self.recipe.login if step.human is not None), None)
        if asks is not None and self._person is None:
            raise self._needs_person(asks)
        started = time.monotonic()
        self._next = 0
        try:
            if self._person is not None and asks is None:
                self._wholly_by_person(self._person)
            else:
                for step in self.recipe.login:
                    self._do(step)
            self.engine.settle((self.recipe.logged_in_if, self.recipe.login_page_if), SETTLE)
            if not self.engine.has(self.recipe.logged_in_if):
                raise self._refused()
        except TaihuError as error:
            self.journal.failed("login", self.engine, time.monotonic() - started, error)
            raise
        self.logins += 1
        self.journal.done("login", self.engine, time.monotonic() - started)
        if self._around.sessions is not None and not self.recipe.logout:
            self._around.sessions.session_put(self._around.account_name, self.engine.session_saved())

    def log_out(self) -> None:
        """Do the steps of ``logout:``, if the recipe has any."""
        for step in self.recipe.logout:
            self._do(step)
        self._next = 0

    # values ------------------------------------------------------------------------------------------------------------

    def address(self, path: str) -> str:
        """An absolute address: relative ones start at the account's ``url:``, or at the first host."""
        base = self._account.url or f"https://{self.recipe.hosts[0]}"
        return urllib.parse.urljoin(base.rstrip("/") + "/", path)

    def query(self, step: Step) -> dict[str, str]:
        """The query of a step's ``with:``."""
        return {name: self.value(value) for name, value in step.with_.items()}

    def value(self, value: str | PeriodValue) -> str:
        """What a recipe's value stands for."""
        if isinstance(value, PeriodValue):
            return value.of(self.span.start, self.span.end)
        if value.startswith("period."):
            return PeriodValue.model_validate({"period": value.removeprefix("period.")}).of(self.span.start, self.span.end)
        if value == "account.user":
            return self._account.user or ""
        if value == "account.password":
            password = self._around.password()
            self.secrets.add(password)
            return password
        return value

    def _code(self) -> str:
        """The account's one-time code of this moment."""
        if self._account.otp is None:
            raise ManifestError("totp: needs the secret of the account's codes", where="portal.yml", fix="add otp: env:NAME to the account")
        import pyotp

        secret = self._around.secret(self._account.otp).reveal()
        code: str = pyotp.TOTP(secret.replace(" ", "")).at(self._around.clock.now())
        self.secrets |= {secret, code}
        return code

    # one step ----------------------------------------------------------------------------------------------------------

    def _do(self, step: Step) -> None:
        engine = self.engine
        if step.goto is not None:
            engine.open(self.address(step.goto), self.query(step))
        elif step.click is not None:
            engine.click(step.click)
        elif step.totp is not None:
            engine.fill(step.totp, self._code(), secret=True)
        elif step.wait is not None:
            reload = parse_duration(step.reload).total_seconds() if step.reload else None
            engine.wait(step.wait, parse_duration(step.within).total_seconds(), reload)
        elif step.human is not None:
            self._by_person(step)
        for selector, value in (step.fill or {}).items():
            engine.fill(selector, self.value(value), secret=value == "account.password")
        for selector, value in (step.select or {}).items():
            engine.select(selector, self.value(value))
        for selector, wanted in (step.check or {}).items():
            engine.check(selector, wanted)

    def _by_person(self, step: Step) -> None:
        until = step.until or self.recipe.logged_in_if
        if self.engine.has(until):
            return
        if self._person is None:
            raise self._needs_person(step)
        self._person(self.engine, step.human or "", until)

    def _wholly_by_person(self, person: Person) -> None:
        first = next((step.goto for step in self.recipe.login if step.goto is not None), "/")
        self.engine.open(self.address(first))
        if not self.engine.has(self.recipe.logged_in_if):
            person(self.engine, "log in", self.recipe.logged_in_if)

    def _is_alive(self, step: Step) -> bool:
        """Whether the page after a step is one of a logged-in visitor."""
        if step.verb not in ("goto", "click", "wait"):
            return True
        self._settled()
        if self.engine.has(self.recipe.logged_in_if):
            return True
        return step.verb != "goto" and not self.engine.has(self.recipe.login_page_if)

    def _settled(self) -> None:
        self.engine.settle((self.recipe.logged_in_if, self.recipe.login_page_if), SETTLE)

    # errors ------------------------------------------------------------------------------------------------------------

    def _refused(self) -> TaihuError:
        back = self.engine.has(self.recipe.login_page_if)
        # A connection that broke within the head of the answer leaves a page without anything on it.
        if self.engine.is_cut or not (back or _TAGS.sub("", self.engine.html()).strip()):
            return TransientError("the page after the login did not come to its end", where=self.engine.place)
        error = AccessRefused(
            "the portal refused the login (it came back to the login page)"
            if back
            else f"the page after the login lacks the mark of a logged-in one ({self.recipe.logged_in_if})",
            where=self.engine.place,
            fix="check user and password by hand in a browser; it was tried once"
            if back
            else "look at the page with taihu portal trace, and correct logged_in_if: if it is the right page",
        )
        self._around.refused[self._around.account_name] = error
        return error

    def _needs_person(self, step: Step) -> SourcePaused:
        return SourcePaused(
            "needs_human", f"a person is needed: {step.human}", where=self.address("/"), fix=f"run taihu portal login {self._name}"
        )

    def _not_logged_in(self) -> TransientError:
        return TransientError("the page does not show that we are logged in, right after the login", where=self.engine.place)
