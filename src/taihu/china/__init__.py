"""How China writes days, amounts, units and codes: pure functions that refuse instead of guessing."""
