"""Which signal goes where: one module for each widget."""
