"""The host sampler: how much of the machine, of the container's limits, of the processes and of
the cards is in use, as rows of a model that the `resources` monitor watches.

It reads Linux's own files and needs nothing installed; only NVIDIA cards need ``nvidia-ml-py``.
"""
