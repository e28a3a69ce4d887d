"""What the routes answer with: facts of the catalog and the lake, put on the wire."""
