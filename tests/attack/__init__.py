"""Attacks on the running app, one test for each line of docs/security.md."""
