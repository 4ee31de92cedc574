"""What people hand in and get back."""
