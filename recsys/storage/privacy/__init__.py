"""What the law asks: erasure, access, retention."""
