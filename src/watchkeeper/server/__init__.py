"""The door for the network, and the composition root: API, page and worker."""
