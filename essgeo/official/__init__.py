"""Official sources: catalogue, downloads, copies, readers, live layers."""
