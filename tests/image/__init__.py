"""The image, built from a stand-in of its base and run without a container engine: ``make image-test``."""
