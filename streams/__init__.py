"""What happens: raw → scored → detected → published, as pure steps with thin edges."""
