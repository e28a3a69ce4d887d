"""How the figures of processes and records become a scrape, a page and a push."""
