"""Documents made from the project's files, its parsed SQL and the state of ledger and lake.

:func:`~taihu.describe.generate.generate` makes them, :func:`~taihu.describe.generate.check` finds the stale ones, and
:func:`~taihu.describe.state.state_of` reads the state.
"""
