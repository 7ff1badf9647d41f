"""What things cost: `store.usage` says what ran, `sheet` what that costs, `bill` makes lines of both."""
