"""The machine: processor, memory, disks, network, load, processes. Names are those of Prometheus's node_exporter."""

import contextlib
from collections import Counter
from collections.abc import Iterator

import psutil

from .readings import Reading

_PSEUDO = frozenset(
    ("squashfs", "overlay", "tmpfs", "devtmpfs", "proc", "sysfs", "cgroup", "cgroup2", "nsfs", "autofs")
)
_MEMORY = {
    "total": "MemTotal",
    "available": "MemAvailable",
    "free": "MemFree",
    "buffers": "Buffers",
    "cached": "Cached",
}
_NETWORK = {
    "bytes_recv": "receive_bytes",
    "bytes_sent": "transmit_bytes",
    "packets_recv": "receive_packets",
    "packets_sent": "transmit_packets",
    "errin": "receive_errs",
    "errout": "transmit_errs",
    "dropin": "receive_drop",
    "dropout": "transmit_drop",
}
_DISK = {
    "read_bytes": ("read_bytes", 1),
    "write_bytes": ("written_bytes", 1),
    "read_count": ("reads_completed", 1),
    "write_count": ("writes_completed", 1),
    "busy_time": ("io_time_seconds", 1000),
}


def readings() -> Iterator[Reading]:
    """All that is measured of this machine, now. What this system does not tell is left out."""
    for part in (_processor, _memory, _filesystems, _disks, _network, _processes):
        with contextlib.suppress(psutil.Error, OSError, NotImplementedError):
            yield from part()


def _processor() -> Iterator[Reading]:
    for number, times in enumerate(psutil.cpu_times(percpu=True)):
        for mode, seconds in times._asdict().items():
            if not mode.startswith("guest"):  # counted in user already
                yield Reading("node_cpu_seconds_total", seconds, {"cpu": str(number), "mode": mode}, "counter")
    for minutes, load in zip((1, 5, 15), psutil.getloadavg(), strict=True):
        yield Reading(f"node_load{minutes}", load)
    yield Reading("node_boot_time_seconds", psutil.boot_time())


def _memory() -> Iterator[Reading]:
    memory = psutil.virtual_memory()
    for field, name in _MEMORY.items():
        if (value := getattr(memory, field, None)) is not None:
            yield Reading(f"node_memory_{name}_bytes", value)
    swap = psutil.swap_memory()
    yield Reading("node_memory_SwapTotal_bytes", swap.total)
    yield Reading("node_memory_SwapFree_bytes", swap.free)


def _filesystems() -> Iterator[Reading]:
    for partition in psutil.disk_partitions(all=False):
        if partition.fstype in _PSEUDO:
            continue
        with contextlib.suppress(OSError):
            usage = psutil.disk_usage(partition.mountpoint)
            tags = {"device": partition.device, "fstype": partition.fstype, "mountpoint": partition.mountpoint}
            yield Reading("node_filesystem_size_bytes", usage.total, tags)
            yield Reading("node_filesystem_avail_bytes", usage.free, tags)


def _disks() -> Iterator[Reading]:
    for device, counters in (psutil.disk_io_counters(perdisk=True) or {}).items():
        if device.startswith(("loop", "ram")):
            continue
        for field, (name, divisor) in _DISK.items():
            if (value := getattr(counters, field, None)) is not None:
                yield Reading(f"node_disk_{name}_total", value / divisor, {"device": device}, "counter")


def _network() -> Iterator[Reading]:
    for device, counters in psutil.net_io_counters(pernic=True).items():
        for field, name in _NETWORK.items():
            yield Reading(f"node_network_{name}_total", getattr(counters, field), {"device": device}, "counter")


def _processes() -> Iterator[Reading]:
    states = Counter(process.info["status"] for process in psutil.process_iter(["status"]))
    for state, count in states.items():
        yield Reading("node_processes_state", count, {"state": state})
    yield Reading("node_processes_pids", states.total())
    yield Reading("node_procs_running", states[psutil.STATUS_RUNNING])
    yield Reading("node_procs_blocked", states[psutil.STATUS_DISK_SLEEP])
