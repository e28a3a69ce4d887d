"""What `watchkeeper doctor` looks at: one file a kind of thing, one function a check."""
