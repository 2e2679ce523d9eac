"""Bytes in use, and bytes there are."""

import psutil
import torch


def in_use(device: torch.device) -> int:
    """Most bytes held on the CUDA device so far, or the bytes this process holds now."""
    if device.type == "cuda":
        return torch.cuda.max_memory_reserved(device)
    return int(psutil.Process().memory_info().rss)


def there_is(device: torch.device) -> int:
    """Bytes that a run on `device` could take."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return int(psutil.virtual_memory().available)
