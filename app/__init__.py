"""The application: the only place where widgets and engine meet."""

# A constant, because asking the package index of the installation costs a tenth of the start.
VERSION = "0.1.0"
