"""The composition root: builds everything once, from the settings. Nobody imports it but the command line."""
