"""The bill: `store.usage` says what ran, `sheet` what that costs, `bill` makes lines of both, `api` adds them up."""
