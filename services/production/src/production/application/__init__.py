"""What people ask of production, and how it answers to what happens elsewhere: one file each."""
