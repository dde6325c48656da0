"""The graphics driver's two halves, in the kernel and in the libraries, and what they give programs: OpenGL, Vulkan."""

import re

from builder.survey.answers import alike
from builder.survey.question import ABSENT, Noted, Question, Reply, Said, UnreadableError

HALVES = ("gpu.driver.library", "gpu.driver.matched", "gpu.driver.module")
VULKAN = "vulkaninfo --summary"
# The screen of a station that pacsmith built; elsewhere nobody answers, and the fact is unread.
_SCREEN = "env DISPLAY=:0 XAUTHORITY=/run/pacsmith-screen/authority"
# NVIDIA's libraries carry the version in their names; Debian keeps them in a folder of their own.
_HALVES = (
    "if [ -r /sys/module/nvidia/version ]; then sed 's/^/module /' /sys/module/nvidia/version; fi; "
    "for folder in /usr/lib /usr/lib64 /usr/lib/*-linux-gnu /usr/lib/*-linux-gnu/nvidia/current; do "
    "for file in $folder/libnvidia-ml.so.*.* $folder/libGLX_nvidia.so.*.*; do "
    '[ -f "$file" ] && echo "library ${file##*.so.}"; done; done | sort -u; echo end'
)
_BY_PROCESSOR = re.compile(r"llvmpipe|softpipe|swrast|software rasterizer", re.IGNORECASE)
_VERSION = r"[0-9]{3,4}(?:\.[0-9]{1,4}){1,2}"
_DEVICE = re.compile(r"^GPU[0-9]+:\n((?:[ \t]+.*\n?)+)", re.MULTILINE)
_FIELD = re.compile(r"^[ \t]+(\w+) += (.*?) *$", re.MULTILINE)
_API = re.compile(r"(?:[0-9]+ \()?([1-9]\.[0-9]{1,3}(?:\.[0-9]{1,4})?)\)?")


def questions() -> tuple[Question, ...]:
    """What a reading station is asked of its graphics driver."""
    return (
        Question("driver", _HALVES, HALVES, halves),
        Question("opengl", f"{_SCREEN} glxinfo -B", ("gpu.mesa", "gpu.opengl"), opengl, beside=True),
        Question("vulkan", VULKAN, ("gpu.vulkan",), vulkan, beside=True),
    )


def halves(reply: Reply) -> dict[str, Said]:
    """NVIDIA's module that the kernel runs and the libraries on the disk. After an update and before a restart they are
    of two versions, and no program can draw; another maker's module fits any version of its libraries."""
    lines = reply.checked().split("\n")
    if [line for line in lines if line][-1:] != ["end"]:
        raise UnreadableError("what the host says of the driver is not whole")
    found: dict[str, list[str]] = {"module": [], "library": []}
    for line in (line for line in lines if line and line != "end"):
        match = re.fullmatch(rf"(module|library) ({_VERSION})", line.strip())
        if match is None:
            raise UnreadableError(f'"{line.strip()[:80]}" is no version of NVIDIA\'s driver')
        found[match[1]].append(match[2])
    module, libraries = next(iter(found["module"]), None), found["library"]
    several = UnreadableError(f"there are libraries of several versions: {' and '.join(libraries)}")
    return {
        "gpu.driver.library": several if len(libraries) > 1 else libraries[0] if libraries else ABSENT,
        "gpu.driver.matched": _matched(module, libraries),
        "gpu.driver.module": module or ABSENT,
    }


def _matched(module: str | None, libraries: list[str]) -> Said:
    if module is None:
        return UnreadableError("the kernel runs no module of NVIDIA's")
    if not libraries:
        return UnreadableError(f"the kernel runs NVIDIA's module {module}, and none of its libraries is there")
    if libraries == [module]:
        return True
    return Noted(False, f"the kernel runs {module}, the libraries are {' and '.join(libraries)}: restart the machine "
                        "before anybody reads")  # fmt: skip


def opengl(reply: Reply) -> dict[str, Said]:
    """`glxinfo -B`: the version of the core profile, or of the old one; what the processor draws is no card's. And
    Mesa's own version, where it is Mesa that draws."""
    fields = dict(re.findall(r"^(OpenGL [a-z ]+ string): *(.*?) *$", reply.checked(), re.MULTILINE))
    renderer = fields.get("OpenGL renderer string", "")
    said = fields.get("OpenGL core profile version string") or fields.get("OpenGL version string", "")
    match = re.match(r"[1-9]\.[0-9]+(?:\.[0-9]+)?(?= |$)", said)
    if not renderer or match is None:
        raise UnreadableError("glxinfo names no renderer and its version")
    mesa = re.search(r" Mesa ([0-9]+(?:\.[0-9]+)+)", said)
    by_processor = UnreadableError(f"the processor draws ({renderer.split()[0]}) and no graphics card")
    return {
        "gpu.mesa": mesa[1] if mesa else ABSENT,
        "gpu.opengl": by_processor if _BY_PROCESSOR.search(renderer) else match[0],
    }


def vulkan(reply: Reply) -> dict[str, Said]:
    """`vulkaninfo --summary`: a block a device; the version that the devices have in common, without the processor."""
    if re.search(r"Found no drivers|ERROR_INCOMPATIBLE_DRIVER", reply.errors):
        raise UnreadableError("no driver for Vulkan is installed, or it finds no card")
    devices = [dict(_FIELD.findall(block)) for block in _DEVICE.findall(reply.checked())]
    if not devices or any({"apiVersion", "deviceType", "deviceName"} - one.keys() for one in devices):
        raise UnreadableError("vulkaninfo lists no device")
    cards = [one for one in devices if not one["deviceType"].endswith("_CPU")]
    if not cards:
        raise UnreadableError(f"the processor draws ({devices[0]['deviceName'].split()[0]}) and no graphics card")
    versions = [_API.fullmatch(one["apiVersion"]) for one in cards]
    if None in versions:
        raise UnreadableError("vulkaninfo states no version of its own")
    return {"gpu.vulkan": alike([match[1] for match in versions if match], "cards")}
