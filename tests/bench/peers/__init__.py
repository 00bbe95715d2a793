"""What others would use for the same work, each as a process of its own."""
