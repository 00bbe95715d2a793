"""What the bot costs and how fast it is, beside what others would use. `python -m tests.bench --help`."""
