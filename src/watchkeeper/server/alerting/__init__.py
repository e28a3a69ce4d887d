"""Around the alerts: what was changed before, what to do, what it was worth, who watches."""
