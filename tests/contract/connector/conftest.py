"""The shared suite explains its failures like a test module."""

import pytest

pytest.register_assert_rewrite("tests.contract.connector.contract")
