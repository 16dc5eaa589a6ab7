"""What many tests share: the baseline, and the real estate with its synthetic people."""

from __future__ import annotations

import pytest
from hypothesis import settings

from scenarios.inputs import Inputs, load_inputs
from scenarios.load import load_scenario
from scenarios.schema import Scenario

# The machine that runs the tests may be slow; a test fails on what it finds, never on time.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def baseline() -> Scenario:
    """Load the complete baseline scenario."""
    return load_scenario("baseline")


@pytest.fixture(scope="session")
def real(baseline: Scenario) -> Inputs:
    """Load the real estate at its true size: tables, synthetic people, journeys, rules."""
    return load_inputs(baseline)
