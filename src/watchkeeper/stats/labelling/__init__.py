"""Which labels to buy, and unbiased figures from those that were bought."""
