"""Acts of account: what is kept and for how long, copies of it, and whether it all still holds."""
