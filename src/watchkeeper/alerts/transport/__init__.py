"""How senders reach the other side: HTTP with checked addresses, signatures, sizes."""
