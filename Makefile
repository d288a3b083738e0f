.PHONY: check test format benchmarks

check:            ## format, lint, types, import rules, tests
	python3 start.py check

test:
	python3 start.py test

format:
	.venv/bin/ruff format . && .venv/bin/ruff check --fix .

benchmarks:       ## rewrite benchmarks/results.md
	.venv/bin/python benchmarks/run.py
