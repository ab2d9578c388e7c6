"""What is fast, beside what it replaces. Each module runs as `python -m benchmarks.NAME`."""
