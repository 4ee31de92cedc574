"""What a download goes through besides the connection: where it lies, whether it may stay, what is known of it."""
