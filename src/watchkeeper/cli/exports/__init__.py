"""What `watchkeeper export` can write: one file a system, listed in `watchkeeper.cli.export`."""
