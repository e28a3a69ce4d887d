"""The flights story: a real model on the real flights that left New York in 2013."""
