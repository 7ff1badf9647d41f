"""AWS Cost Explorer, over the lines that `salvia cost` adds up: whatever way one asks, the sum is the same."""
