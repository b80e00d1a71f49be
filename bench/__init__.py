"""What the work costs, held against the budgets: ``python -m bench``. How it is measured: docs/reference/bench.md."""
