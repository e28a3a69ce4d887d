"""Has a distribution moved, beyond sampling noise and beyond what windows differ by nature?"""
