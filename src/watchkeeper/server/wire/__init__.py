"""What crosses the wire, as pydantic models: one file a resource."""
