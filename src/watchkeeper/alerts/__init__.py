"""Act, tell: pure lifecycle, grouping and routing; senders that lose nothing."""
