"""What Keras 2.3.1 still accepts from Keras 1."""
