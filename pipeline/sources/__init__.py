"""What arrives at the doors beside the API: each kind of delivery, checked and put onto the stream."""
