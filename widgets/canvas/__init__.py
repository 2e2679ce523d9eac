"""The picture with its boxes: view, overlay, tools, hit test, style."""
