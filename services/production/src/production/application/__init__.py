"""What people ask of production, and how production reacts to other services' events: one file each."""
