#!/usr/bin/env python3
"""Seeds for the fuzz targets, bounded in number, size and time:
  seeds.py FOLDER [CAPTURED]
FOLDER/<target>/ gets files in the form its target reads. They come from this checkout (chip table, examples of configuration) and, where
it is given, from a folder of captured machines: archives of /proc and /sys, CPUID dumps, KFD trees, topologies of hwloc, single texts."""
import hashlib
import io
import os
import re
import struct
import sys
import tarfile
import time

MOST_SEEDS, MOST_BYTES, MOST_ROOT_BYTES, MOST_SECONDS = 250, 8_000, 24_000, 40
began = time.monotonic()
counts = {}

# What of a machine is read, by family, so that each gets its share of a seed; of PUs, devices and nodes the first ones.
FEW = r"(?:[0-9]|1[0-5])"
ROOT_FAMILIES = [re.compile(pattern) for pattern in (
    r"proc/(cpuinfo|meminfo|stat|loadavg|diskstats|net/dev|mounts|self/(mountinfo|cgroup)|cmdline|sys/kernel/.*|version|hwloc-nofile-info)$",
    r"etc/os-release$|sys/class/dmi/id/.*|sys/hypervisor/.*|proc/(xen|device-tree)/.*",
    rf"sys/devices/system/cpu/(online|present|possible|cpu{FEW}/(online|topology/[^/]*|regs/.*|cpufreq/[^/]*|acpi_cppc/[^/]*|cache/.*))$",
    rf"sys/devices/system/node/(online|possible|node{FEW}/(cpumap|cpulist|meminfo|distance|access0/.*))$",
    rf"sys/devices/system/memory/(block_size_bytes|memory{FEW}/(online|state))$",
    r"sys/(bus/pci/devices|devices/pci[^/]*(/[0-9a-f]{4}:[^/]*)*)/[^/]*:[^/]*(/(class|vendor|device|subsystem_vendor|subsystem_device|"
    r"numa_node|local_cpus|driver|physfn|mem_info_vram_total|serial_number|config))?$",
    r"sys/(block|class/block|class/nvme|class/nvme-subsystem)/.*|sys/devices/.*/block/[^/]*/(size|removable|queue/rotational|device/[^/]*)$",
    r"sys/class/(net|infiniband)/.*|sys/devices/.*/(net|infiniband)/[^/]*/(type|speed|address|device/[^/]*|ports/.*|hca_type)$",
    r"sys/class/(powercap|hwmon|kfd|drm|accel)/.*|sys/fs/cgroup/.*",
)]
TEXTS = {"proc/stat": b"\0", "loadavg": b"\1", "meminfo": b"\2", "diskstats": b"\3", "net/dev": b"\4", "mountinfo": b"\6",
         "self/cgroup": b"\7"}


def put(target, data, most=MOST_BYTES):
    data = data[:most]
    if counts.setdefault(target, 0) >= MOST_SEEDS:
        return
    counts[target] += 1
    folder = os.path.join(sys.argv[1], target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, hashlib.sha1(data).hexdigest()[:16]), "wb") as file:
        file.write(data)


def tree_text(entries, most):
    """Entries (path -> bytes, or text for a link) as tests/fuzz/input_folder.hpp reads them, each family up to its share."""
    out = []
    for family in ROOT_FAMILIES:
        left = most // len(ROOT_FAMILIES)
        for path in sorted(entries):
            value = entries[path]
            if not family.match(path) or left <= 0 or re.search(r"\s", path):
                continue
            piece = f"-> {path} {value}\n".encode() if isinstance(value, str) else f"== {path}\n".encode() + value[:4096].rstrip(b"\n") + b"\n"
            left -= len(piece)
            if left > 0:
                out.append(piece)
    return b"".join(out)


def put_text(path, data):
    """A file by its name, wherever it was found."""
    for name, byte in TEXTS.items():
        if path.endswith(name):
            put("agent_text", byte + data)
    if "cpuinfo" in path:
        put("probe_text", b"\0" + data)
    if "meminfo" in path:
        put("probe_text", b"\2" + data)
    if "os-release" in path:
        put("probe_text", b"\6" + data)
    if path.endswith(".dmi"):
        put("probe_firmware", b"\0" + data)
    if path.endswith("umc_err_count") or path.endswith("/properties"):
        put("device_text", f"== {path}\n".encode() + data)


def put_machines(entries):
    """All machines among an archive's entries: the folders that hold proc or sys."""
    machines = {}
    for path, value in entries.items():
        match = re.match(r"(.*?)\b((?:proc|sys|etc)/.*)", path)
        if match:
            machines.setdefault(match[1], {})[match[2]] = value
        elif "/infiniband/" in "/" + path or "ports/" in path:
            tail = path.split("infiniband/")[-1].lstrip("./")
            machines.setdefault("infiniband", {})["sys/class/infiniband/" + tail] = value
        if isinstance(value, bytes):
            put_text(path, value)
    for name in sorted(machines)[:6]:
        text = tree_text(machines[name], MOST_ROOT_BYTES)
        if len(text) > 200:
            put("root", text, MOST_ROOT_BYTES)
    put_kfd(entries)


def put_kfd(entries):
    """A KFD tree with the PCI devices that its nodes name."""
    nodes, text = {}, b""
    for path, value in sorted(entries.items()):
        match = re.match(r".*topology/nodes/(\d+)/(gpu_id|properties|mem_banks/.*)$", path)
        if not match or not isinstance(value, bytes) or int(match[1]) > 12:
            continue
        text += f"== sys/class/kfd/kfd/topology/nodes/{match[1]}/{match[2]}\n".encode() + value[:3000] + b"\n"
        if match[2] == "properties":
            nodes[match[1]] = dict(line.split()[:2] for line in value.decode(errors="replace").splitlines() if len(line.split()) > 1)
    for properties in nodes.values():
        location, domain = int(properties.get("location_id", 0)), int(properties.get("domain", 0))
        if location:
            address = f"{domain:04x}:{location >> 8 & 255:02x}:{location >> 3 & 31:02x}.{location & 7:x}"
            folder = f"sys/bus/pci/devices/{address}"
            text += f"== sys/bus/pci/drivers/amdgpu/{address}/\n== {folder}/vendor\n0x1002\n== {folder}/device\n0x740f\n".encode()
            text += f"== {folder}/mem_info_vram_total\n68702699520\n== {folder}/mem_info_vram_used\n10960896\n".encode()
    if nodes:
        put("device_text", text, MOST_ROOT_BYTES)


def put_cpuid(text):
    """A dump's first processor as the records of 24 bytes that fuzz_probe_firmware reads."""
    records = {}
    for line in text.splitlines():
        match = re.match(r"CPUID ([0-9a-fA-F]{8}):? *([0-9a-fA-F]+)-([0-9a-fA-F]+)-([0-9a-fA-F]+)-([0-9a-fA-F]+)(?:.*\[SL ([0-9]+)\])?", line)
        old = re.match(r"(basic|ext)_cpuid\[(\d+)\]=([0-9a-fA-F]+) ([0-9a-fA-F]+) ([0-9a-fA-F]+) ([0-9a-fA-F]+)", line)
        if match:
            leaf, subleaf, words = int(match[1], 16), int(match[6] or 0), match.group(2, 3, 4, 5)
        elif old:
            leaf, subleaf, words = int(old[2]) + (0x80000000 if old[1] == "ext" else 0), 0, old.group(3, 4, 5, 6)
        else:
            continue
        records.setdefault((leaf, subleaf), [int(word, 16) & 0xFFFFFFFF for word in words])
    if records:
        put("probe_firmware", b"\1" + b"".join(struct.pack("<6I", *key, *words) for key, words in sorted(records.items())))


def put_topology(xml):
    """Values of a topology in the order in which fuzz_xml asks for them."""
    def infos(text, names):
        return [(re.findall(rf'<info name="{name}" value="([^"]*)"', text) or [""])[0] for name in names]

    def attribute(text, name, otherwise):
        return (re.findall(rf' {name}="([^"]*)"', text) or [otherwise])[0]

    values = infos(xml, ("Backend", "Architecture", "HostName", "OSName", "OSRelease", "DMISysVendor", "DMIProductName"))
    values += infos(xml, ("CPUVendor", "CPUModel", "CPUFamilyNumber", "CPUModelNumber", "CPUStepping"))
    values += [attribute(xml, "local_memory", "0"), attribute(xml, "subtype", "")] + infos(xml, ("DAXType",))
    values += [attribute(xml, "cache_size", "0")] * 4
    for device in re.split(r'<object type="PCIDev"', xml)[1:4]:
        values += [attribute(device, "pci_busid", "0000:01:00.0"), attribute(device, "pci_type", "0000 [0000:0000] [0000:0000] 00")]
        values += [attribute(device, "osdev_type", "0"), attribute(device, "name", "sda"), attribute(device, "subtype", "")]
        values += infos(device, ("Size", "Model", "Address", "Port1State", "NodeGUID", "AMDSerial", "SectorSize"))
    put("xml", "\n".join(values).encode())


def archive_entries(path):
    """Small files and links of a tar archive, at most 20,000."""
    entries = {}
    with tarfile.open(path) as archive:
        for count, member in enumerate(archive):
            name = member.name.lstrip("./")
            if count >= 20_000:
                break
            if member.issym():
                entries[name] = member.linkname
            elif member.isfile() and member.size <= 65_536:
                entries[name] = archive.extractfile(member).read()
    return entries


def ttar_entries(text):
    """The archives of text that projects around Prometheus keep: "Path:", then "Lines: N" and so many lines, or "SymlinkTo:"."""
    entries, lines, path = {}, text.split("\n"), None
    at = 0
    while at < len(lines):
        key, _, value = lines[at].partition(": ")
        at += 1
        if key == "Path":
            path = value
        elif key == "SymlinkTo":
            entries[path] = value
        elif key == "Lines":
            entries[path] = "\n".join(lines[at:at + int(value)]).encode() + b"\n"
            at += int(value)
    return entries


def take(path):
    name = os.path.basename(path)
    if re.search(r"\.(tar\.(bz2|gz|xz)|tgz)$", name):
        put_machines(archive_entries(path))
        return
    if os.path.getsize(path) > 4 << 20:
        return
    with open(path, "rb") as file:
        data = file.read()
    if name.endswith(".ttar"):
        put_machines(ttar_entries(data.decode(errors="replace")))
    elif name.endswith(".test"):
        put_cpuid(data.decode(errors="replace"))
    elif name.endswith(".xml") and b"<topology" in data[:2000]:
        put_topology(data.decode(errors="replace"))
    else:
        put_text(path, data)


def take_own(root):
    for byte, name in ((0, "cpus"), (1, "cpu_skus"), (2, "accelerators"), (3, "pci_names"), (4, "regions"), (6, "descriptors")):
        with open(os.path.join(root, "schemas/catalog", name + ".csv"), "rb") as file:
            lines = file.read().split(b"\n")
        for first in range(1, len(lines), 20):
            put("catalog", bytes([byte]) + b"\n".join(lines[:1] + lines[first:first + 20]) + b"\n")
    for byte, name in enumerate(("agent", "controller")):
        with open(os.path.join(root, "packaging/config", name + ".toml"), "rb") as file:
            data = file.read()
        put("config", bytes([byte]) + data)
        put("config", bytes([byte]) + re.sub(rb"(?m)^# ?(\w[\w.]* *=)", rb"\1", data))


def main():
    take_own(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
    paths = []
    if len(sys.argv) > 2:
        paths = sorted(os.path.join(folder, name) for folder, _, names in os.walk(sys.argv[2]) for name in names)
    # By a hash of the name, so that what there is no time for is not always of the same source.
    for path in sorted(paths, key=lambda path: hashlib.sha1(os.path.basename(path).encode()).digest()):
        if time.monotonic() - began > MOST_SECONDS:
            break
        try:
            take(path)
        except (OSError, EOFError, tarfile.TarError, ValueError, KeyError) as why:
            print(f"seeds.py: {os.path.basename(path)}: {why}", file=sys.stderr)
    print("seeds:", ", ".join(f"{target} {count}" for target, count in sorted(counts.items())))


main()
