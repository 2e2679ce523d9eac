"""llama_cpp opens its libraries by path beside itself: they go where it looks, under the names it asks for."""

from PyInstaller.utils.hooks import collect_dynamic_libs

binaries = collect_dynamic_libs("llama_cpp", search_patterns=["*.so", "*.so.*", "*.dll", "*.dylib"])
