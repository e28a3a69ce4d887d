"""How far apart two sets of counts on the same bins are: textbook values, and debiased effects."""
