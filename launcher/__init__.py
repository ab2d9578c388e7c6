"""What `run.py` is made of; its rules hold here too, but app_server.py needs what is in .venv."""
