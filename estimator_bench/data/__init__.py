"""Tables of ground truth: where they are kept, how official files become tables, how untrusted files are opened."""
