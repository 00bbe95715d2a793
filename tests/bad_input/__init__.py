"""What people send that nobody meant them to send."""
