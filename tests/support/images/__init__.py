"""The test images: how they are made, kept and pushed. The command is scripts/images."""
