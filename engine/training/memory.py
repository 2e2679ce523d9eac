"""Bytes in use, bytes there are, and whether they were too few."""

import psutil
import torch


def in_use(device: torch.device) -> int:
    """Most bytes held on the CUDA device so far, or the bytes this process holds now."""
    if device.type == "cuda":
        return torch.cuda.max_memory_reserved(device)
    return int(psutil.Process().memory_info().rss)


def ran_out(error: BaseException) -> bool:
    """Whether this is the device or the machine being out of memory."""
    words = str(error).lower()
    return (
        isinstance(error, torch.OutOfMemoryError | MemoryError)
        or "allocate memory" in words
        or "out of memory" in words
    )


def there_is(device: torch.device) -> int:
    """Bytes that a run on `device` could take."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return int(psutil.virtual_memory().available)
