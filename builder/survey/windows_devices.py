"""Drives, network links and encrypted volumes of a Windows machine (WMI classes) -> facts."""

import re
from collections import Counter

from builder.survey.answers import tried, word
from builder.survey.question import ABSENT, Noted, Said, UnreadableError
from builder.survey.windows import Objects
from builder.survey.wmi import WmiObject

# The numbers of MSFT_PhysicalDisk, MSFT_NetAdapter and Win32_EncryptableVolume, as Microsoft documents them.
_MEDIA = {3: "rotational", 4: "ssd", 5: "storage-class memory"}
_BUSES = {1: "SCSI", 2: "ATAPI", 3: "ATA", 6: "Fibre Channel", 7: "USB", 8: "RAID", 9: "iSCSI", 10: "SAS", 11: "SATA",
          12: "SD", 13: "MMC", 15: "file", 16: "Storage Spaces", 17: "NVMe"}  # fmt: skip
_HEALTH = {0: "healthy", 1: "warning", 2: "unhealthy"}
_CONNECTED, _DISCONNECTED = 1, 2
_FULL, _HALF = 2, 1
_METHODS = {0: "none", 1: "AES 128 with diffuser", 2: "AES 256 with diffuser", 3: "AES 128", 4: "AES 256",
            5: "by the drive itself", 6: "XTS-AES 128", 7: "XTS-AES 256"}  # fmt: skip


def physical_disk(found: Objects) -> dict[str, Said]:
    """MSFT_PhysicalDisk: `drives.0.medium` and the like, by Windows's number of the drive."""
    names = [one.text("DeviceId") for one in found]
    if len(set(names)) != len(names) or not all(re.fullmatch(r"[0-9]{1,4}", name) for name in names):
        raise UnreadableError("Windows does not number its drives apart")
    said: dict[str, Said] = {"drives.count": len(found), "drives.models": tried(lambda: _models(found))}
    for name, one in zip(names, found, strict=True):
        said |= {f"drives.{name}.{what}": value for what, value in _drive(one).items()}
    return said


def _models(found: Objects) -> str:
    """As lsblk's drives are told: model, size in bytes and firmware, sorted."""
    return "; ".join(sorted(
        f"{one.text('Model')} of {one.number('Size')} B with firmware {one.text('FirmwareVersion')}" for one in found
    ))  # fmt: skip


def _drive(one: WmiObject) -> dict[str, Said]:
    return {
        "bus": tried(lambda: _listed(one, "BusType", _BUSES)),
        "firmware": tried(lambda: one.text("FirmwareVersion")),
        "health": tried(lambda: _listed(one, "HealthStatus", _HEALTH)),
        "medium": tried(lambda: _listed(one, "MediaType", _MEDIA)),
        "model": tried(lambda: one.text("Model")),
        "serial": tried(lambda: one.text("SerialNumber").strip(".")),
        "size": tried(lambda: one.number("Size") or UnreadableError("Windows states a drive of 0 bytes")),
    }


def _listed(one: WmiObject, name: str, words: dict[int, str]) -> str:
    number = one.number(name)
    if number not in words:
        raise UnreadableError(f"Windows says {number} of {name}, which leaves it open")
    return words[number]


def net_adapter(found: Objects) -> dict[str, Said]:
    """MSFT_NetAdapter: `network.Ethernet-4.speed` and the like of each real adapter, and the same of the link when
    there is one. Adapters that programs make (bridges, tunnels) have no connector."""
    real = [one for one in found if one.truth("ConnectorPresent") and not one.truth("Virtual")]
    names = [word(one.text("Name")) for one in real]
    if not real or len(set(names)) != len(names):
        raise UnreadableError("Windows lists no real network adapter" if not real else "two adapters share a name")
    each = [_adapter(one) for one in real]
    counted = Counter(one.text("InterfaceDescription") for one in real)
    said: dict[str, Said] = {
        "network.adapters": ", ".join(f"{count} x {name}" for name, count in sorted(counted.items())),
        **_link([one for one in each if one["link"] is True], all(isinstance(one["link"], bool) for one in each)),
    }
    for name, facts in zip(names, each, strict=True):
        said |= {f"network.{name}.{what}": value for what, value in facts.items()}
    return said


def _link(up: list[dict[str, Said]], sure: bool) -> dict[str, Said]:
    names = ("duplex", "mtu", "speed")
    if len(up) == 1 and sure:
        return {f"network.{name}": up[0][name] for name in names}
    why = f"{len(up)} network links are up, and nobody says which one counts" if up else "no network link is up"
    unread = UnreadableError(why if sure else "one of the adapters does not say whether its link is up")
    return dict.fromkeys((f"network.{name}" for name in names), unread)


def _adapter(one: WmiObject) -> dict[str, Said]:
    link = tried(lambda: _is_up(one))
    down: Said = link if isinstance(link, UnreadableError) else ABSENT
    return {
        "adapter": tried(lambda: one.text("InterfaceDescription")),
        "address": tried(lambda: _address(one)),
        "duplex": tried(lambda: _duplex(one)) if link is True else down,
        "link": link,
        "mtu": tried(lambda: one.number("ActiveMaximumTransmissionUnit")),
        "speed": tried(lambda: _speed(one)) if link is True else down,
    }


def _is_up(one: WmiObject) -> bool:
    state = one.number("MediaConnectState")
    if state not in (_CONNECTED, _DISCONNECTED):
        raise UnreadableError("Windows does not know whether the link is up")
    return state == _CONNECTED


def _speed(one: WmiObject) -> Said:
    """Bits a second. Some adapters receive and send at different speeds, and some state what none can have."""
    receive, transmit = one.number("ReceiveLinkSpeed"), one.number("TransmitLinkSpeed")
    if receive != transmit:
        raise UnreadableError(f"it receives at {receive} bit/s and sends at {transmit} bit/s")
    if not 0 < receive < 1 << 53:
        raise UnreadableError(f"Windows says {receive} bit/s, which is no speed")
    return receive


def _duplex(one: WmiObject) -> str:
    state = one.number("MediaDuplexState")
    if state not in (_FULL, _HALF) or one.truth("FullDuplex") != (state == _FULL):
        raise UnreadableError("Windows does not know the duplex of the link")
    return "full" if state == _FULL else "half"


def _address(one: WmiObject) -> str:
    said = one.text("PermanentAddress")
    if not re.fullmatch(r"[0-9A-Fa-f]{12}", said):
        raise UnreadableError(f'Windows says of PermanentAddress "{said[:80]}"')
    return ":".join(said[at : at + 2] for at in range(0, 12, 2)).lower()


def encryptable_volume(found: Objects) -> dict[str, Said]:
    """Win32_EncryptableVolume (BitLocker): `disk.system.encrypted`; other volumes by their letter, `disk.D.encrypted`.

    Encrypted is a volume that is so as a whole and whose key is protected; while protection is suspended, the key lies
    open on the drive.
    """
    said: dict[str, Said] = {}
    for one in found:
        name = "system" if one.number("VolumeType") == 0 else one.text("DriveLetter").rstrip(":")
        if f"disk.{name}.encrypted" in said or not re.fullmatch(r"system|[A-Z]", name):
            raise UnreadableError("Windows does not tell its volumes apart")
        said[f"disk.{name}.encrypted"] = _encrypted(one)
        said[f"disk.{name}.encryption"] = _method(one)
    return said


def _encrypted(one: WmiObject) -> Said:
    return tried(lambda: _protected(one))


def _protected(one: WmiObject) -> bool | Noted:
    protection, conversion = one.number("ProtectionStatus"), one.number("ConversionStatus")
    if protection not in (0, 1) or conversion > 5:
        raise UnreadableError("the volume is locked, and Windows does not know")
    if protection == 1 and conversion == 1:
        return True
    words = {0: "not encrypted", 1: "encrypted, and protection is suspended"}
    return Noted(False, words.get(conversion, "encrypted in part"))


def _method(one: WmiObject) -> Said:
    method = tried(lambda: _listed(one, "EncryptionMethod", _METHODS))
    return method if not isinstance(method, str) else ABSENT if method == "none" else f"BitLocker, {method}"
