"""The door for programs: logs what a model saw and answered, and what the truth was.

It imports neither numpy, pandas, pyarrow nor a web framework, never raises into the predict path
and never waits for the network there.
"""
