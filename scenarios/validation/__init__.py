"""The model beside published figures, and the two wishes fitted to them."""
