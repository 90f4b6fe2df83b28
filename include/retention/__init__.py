"""What is kept for how long: months of readings go to the archive with proof, staged rows and copies expire."""
