"""The shipped sheets' lines that are more than a bound: facts that meet each of them, that miss it, that cannot tell.

test_assess.py does the same for every other line. Verdicts are for 22 November 2026.
"""

import pytest

from builder.assess.assessment import assess
from builder.models.finding import Finding
from tests.unit.sheet_parts import TODAY, Value, facts_of
from tests.unit.test_assess import SHEETS, plain

Values = dict[str, Value]
Case = tuple[str, str, Values, str, str | None]
CUBE: Values = {"workload.columns": 512, "workload.rows": 512, "workload.slices": 512}
SMALL: Values = {"workload.columns": 256, "workload.rows": 256, "workload.slices": 256}
TWO_CARDS: Values = {"gpu.count": 2, "gpus.a.vendor": "NVIDIA", "gpus.b.vendor": "NVIDIA"}
WINDOWS: Values = {"os.id": "windows", "os.version": "10.0.19045", "os.build": 19045, "os.architecture": "x86_64"}
FAST: Values = {"cpu.cores": "4 cores", "cpu.clock": "3.4 GHz", "cpu.threads": 8}
CT: Values = {"workload.modalities": "CT"}
MG: Values = {"workload.modalities": "MG"}
FIVE: Values = {"displays.DP-1.megapixels": "5.2 MP", "displays.DP-2.megapixels": "5.2 MP"}
LINUX: Values = {"os.id": "debian", "os.version": "13"}
TWO_GB: Values = {"workload.largest_data_set": "2 GiB"}


CASES: tuple[Case, ...] = (
    ("bviewer", "disk", {"disk.system.size": "160 GB"}, "met", "desirable"),
    ("bviewer", "disk", {"disk.system.size": "120 GB"}, "unknown", None),
    ("bviewer", "image-card", {"gpus.a.model": "NVS 290", "gpus.b.model": "Quadro 2000D"}, "met", "desirable"),
    ("bviewer", "image-card", {"gpus.a.model": "T1000"}, "met", "minimum"),
    ("bviewer", "image-card", {"gpus.a.model": "unread"}, "unknown", None),
    ("bviewer", "desktop-card", {"gpus.a.model": "Quadro NVS 290"}, "met", "desirable"),
    ("bviewer", "desktop-card", {"gpus.a.model": "T1000"}, "unknown", None),
    ("bviewer", "cards-together", {**TWO_CARDS, "gpus.b.vendor": "AMD"}, "short", None),
    ("bviewer", "cards-together", TWO_CARDS, "unknown", None),
    ("bviewer", "cards-together", {"gpu.count": 1}, "not applicable", None),
    ("bviewer", "driver", {"gpus.a.model": "Quadro FX 3700", "gpu.driver": "196.21"}, "met", "desirable"),
    ("bviewer", "driver", {"gpus.a.model": "Quadro FX 3700", "gpu.driver": "340.108"}, "met", "minimum"),
    ("bviewer", "driver", {"gpus.a.model": "Quadro 2000D", "gpu.driver": "340.108"}, "not applicable", None),
    ("bviewer", "driver", {"gpu.driver": "340.108"}, "unknown", None),
    ("bviewer", "displays", {"displays.count": 3}, "met", "desirable"),
    ("bviewer", "displays", {"displays.count": 2}, "met", "in a pinch"),
    ("bviewer", "displays", {"displays.count": 0}, "short", None),
    ("bviewer", "displays", {"displays.count": "unread"}, "unknown", None),
    ("bviewer", "greys", {"displays.a.depth": "8 bit", "displays.b.depth": "10 bit", "displays.c.depth": "10 bit"},
     "met", "desirable"),
    ("bviewer", "greys", {"displays.a.depth": "8 bit", "displays.b.depth": "10 bit"}, "met", "in a pinch"),
    ("bviewer", "greys", {"displays.a.depth": "6 bit", "displays.b.depth": "10 bit"}, "short", None),
    ("bviewer", "greys", {}, "unknown", None),
    ("bviewer", "image-displays", FIVE, "met", "desirable"),
    ("bviewer", "image-displays", {**FIVE, "displays.DP-2.megapixels": "3 MP"}, "met", "minimum"),
    ("bviewer", "image-displays", {**FIVE, "displays.DP-2.megapixels": "unread"}, "unknown", None),
    ("bviewer", "image-displays-alike", {f"displays.{n}.product": "2334" for n in "ab"}, "met", "desirable"),
    ("bviewer", "image-displays-alike", {"displays.a.product": "2334", "displays.b.product": "1768"}, "met", "minimum"),
    ("bviewer", "image-displays-alike", {"displays.a.product": "2334", "displays.b.product": "unread"}, "unknown",
     None),
    ("dcm4chee-arc-5.35", "database", {"postgresql.version": "18.3"}, "met", "recommended"),
    ("dcm4chee-arc-5.35", "database", {"postgresql.version": "17.2"}, "met", "minimum"),
    ("dcm4chee-arc-5.35", "database", {"postgresql.version": "unread"}, "unknown", None),
    ("dcm4chee-arc-5.35", "system", {"os.id": "ubuntu", "os.version": "20.04"}, "met", "minimum"),
    ("dcm4chee-arc-5.35", "system", {"os.id": "debian", "os.version": "13"}, "unknown", None),
    ("eccet", "processor", {**SMALL, "cpu.clock": "1 GHz", "cpu.cores": "1 cores"}, "met", "minimum"),
    ("eccet", "processor", {**CUBE, "cpu.clock": "2 GHz", "cpu.cores": "2 cores"}, "met", "minimum"),
    ("eccet", "processor", {**CUBE, "cpu.clock": "3 GHz", "cpu.cores": "1 cores"}, "met", "minimum"),
    ("eccet", "processor", {**CUBE, "cpu.clock": "2 GHz", "cpu.cores": "1 cores"}, "short", None),
    ("eccet", "processor", {**CUBE, "workload.slices": 513, "cpu.clock": "9 GHz", "cpu.cores": "9 cores"}, "unknown",
     None),
    ("eccet", "processor", {"cpu.clock": "9 GHz", "cpu.cores": "9 cores"}, "unknown", None),
    ("eccet", "memory-for-volume", {**CUBE, "os.id": "debian", "memory.total": "1 GiB"}, "met", "recommended"),
    ("eccet", "memory-for-volume", {**CUBE, "os.id": "debian", "memory.total": "512 MiB"}, "met", "minimum"),
    ("eccet", "memory-for-volume", {**CUBE, "os.id": "debian", "memory.total": "400 MiB"}, "short", None),
    ("eccet", "memory-for-volume", {**CUBE, "os.id": "windows", "memory.total": "1 GiB"}, "not applicable", None),
    ("eccet", "memory-for-volume", {"os.id": "debian", "memory.total": "1 GiB"}, "unknown", None),
    ("eccet", "memory-for-volume-windows", {**CUBE, "os.id": "windows", "memory.total": "1136870912 B"}, "met",
     "recommended"),
    ("eccet", "memory-for-volume-windows", {**CUBE, "os.id": "windows", "memory.total": "668435455 B"}, "short", None),
    ("eccet", "memory-for-volume-windows", {**CUBE, "memory.total": "1 GiB"}, "unknown", None),
    ("eccet", "memory-at-most", {"os.architecture": "i686", "memory.total": "2 GiB"}, "met", "recommended"),
    ("eccet", "memory-at-most", {"os.architecture": "i686", "memory.total": "3 GiB"}, "met", "minimum"),
    ("eccet", "memory-at-most", {"os.architecture": "x86_64", "memory.total": "3 GiB"}, "not applicable", None),
    ("eccet", "memory-at-most", {"os.architecture": "i686", "memory.total": "unread"}, "unknown", None),
    ("erad-viewer-9", "mammography", MG, "unknown", None),
    ("erad-viewer-9", "mammography", CT, "not applicable", None),
    ("erad-web-viewer-9", "browser", {"package.firefox-esr": "128.5"}, "met", "minimum"),
    ("erad-web-viewer-9", "browser", {"package.firefox-esr": "absent", "package.google-chrome-stable": "absent"},
     "unknown", None),
    ("erad-web-viewer-9", "mammography", MG, "unknown", None),
    ("erad-web-viewer-9", "mammography", CT, "not applicable", None),
    ("hyper-v-remotefx", "monitors-1024", {"displays.a.mode": "1280x1024", "displays.count": 4}, "met", "minimum"),
    ("hyper-v-remotefx", "monitors-1024", {"displays.a.mode": "1280x1024", "displays.count": 5}, "short", None),
    ("hyper-v-remotefx", "monitors-1024", {"displays.a.mode": "unread", "displays.count": 5}, "unknown", None),
    ("hyper-v-remotefx", "monitors-1600", {"displays.a.mode": "1600x1200", "displays.count": 3}, "met", "minimum"),
    ("hyper-v-remotefx", "monitors-1600", {"displays.a.mode": "1600x1200", "displays.count": 4}, "short", None),
    ("hyper-v-remotefx", "monitors-1600", {"displays.count": 4}, "unknown", None),
    ("hyper-v-remotefx", "monitors-1920",
     {"displays.a.mode": "1920x1200", "displays.b.mode": "800x600", "displays.count": 2}, "met", "minimum"),
    ("hyper-v-remotefx", "monitors-1920",
     {"displays.a.mode": "1920x1200", "displays.b.mode": "800x600", "displays.count": 3}, "short", None),
    ("hyper-v-remotefx", "monitors-1920", {"displays.a.mode": "1024x768", "displays.count": 3}, "not applicable",
     None),
    ("hyper-v-remotefx", "monitors-1920", {"displays.a.mode": "1920x1200"}, "unknown", None),
    ("image3dapi", "processor", {"cpu.clock": "1.8 GHz"}, "short", None),
    ("image3dapi", "processor", {"cpu.clock": "2.4 GHz"}, "unknown", None),
    ("intellispace-pacs", "mammography-display", {**MG, **FIVE, "displays.x.megapixels": "2 MP"}, "met", "minimum"),
    ("intellispace-pacs", "mammography-display", {**MG, "displays.x.megapixels": "3 MP"}, "short", None),
    ("intellispace-pacs", "mammography-display", {**CT, "displays.x.megapixels": "3 MP"}, "not applicable", None),
    ("intellispace-pacs", "mammography-display", FIVE, "unknown", None),
    ("intellispace-pacs", "mammography-approved", MG, "unknown", None),
    ("intellispace-pacs", "mammography-approved", CT, "not applicable", None),
    ("intellispace-pacs", "mammography-images", MG, "unknown", None),
    ("intellispace-pacs", "mammography-images", CT, "not applicable", None),
    ("invesalius-3", "system", {"os.id": "debian", "os.version": "12"}, "met", "minimum"),
    ("invesalius-3", "system", WINDOWS, "met", "minimum"),
    ("invesalius-3", "system", {"os.id": "windows", "os.version": "6.0.6002"}, "short", None),
    ("invesalius-3", "system", {}, "unknown", None),
    ("invesalius-3", "memory-for-slices", {**CUBE, "memory.total": "4 GiB"}, "met", "recommended"),
    ("invesalius-3", "memory-for-slices", {**CUBE, "memory.total": "2 GiB"}, "met", "minimum"),
    ("invesalius-3", "memory-for-slices", {**CUBE, "workload.slices": 1001, "memory.total": "64 GiB"}, "unknown",
     None),
    ("invesalius-3", "memory-for-slices", {**CUBE, "workload.rows": 1024, "memory.total": "2 GiB"}, "not applicable",
     None),
    ("ione", "system", WINDOWS, "met", "minimum"),
    ("ione", "system", {**WINDOWS, "os.build": 22631}, "unknown", None),
    ("ione", "processor", FAST, "met", "recommended"),
    ("ione", "processor", {**FAST, "cpu.threads": 4}, "met", "minimum"),
    ("ione", "processor", {**FAST, "cpu.clock": "1.6 GHz"}, "short", None),
    ("ione", "processor", {"cpu.cores": "8 cores"}, "unknown", None),
    ("ione", "data-at-most", {"workload.largest_data_set": "16 GB"}, "met", "minimum"),
    ("ione", "data-at-most", {"workload.largest_data_set": "17 GB"}, "short", None),
    ("ione", "data-at-most", {}, "unknown", None),
    ("ione-viewing", "processor", {"cpu.cores": "2 cores"}, "short", None),
    ("ione-viewing", "processor", FAST, "unknown", None),
    ("ione-viewing", "data-at-most", {"workload.largest_data_set": "16 GB"}, "met", "minimum"),
    ("ione-viewing", "data-at-most", {"workload.largest_data_set": "17 GB"}, "short", None),
    ("ione-viewing", "data-at-most", {}, "unknown", None),
    ("microsoft-dicom-server", "tiers", {}, "unknown", None),
    ("nvidia-driver", "branch", {"gpu.driver": "580.126.18"}, "met", "minimum"),
    ("nvidia-driver", "branch", {"gpu.driver": "595.45.04"}, "met", "minimum"),
    ("nvidia-driver", "branch", {"gpu.driver": "535.183.01"}, "short", None),
    ("nvidia-driver", "branch", {"gpu.driver": "610.1"}, "short", None),
    ("nvidia-driver", "branch", {"gpu.driver": "470.239.06"}, "short", None),
    ("nvidia-driver", "branch", {"gpu.driver": "unread"}, "unknown", None),
    ("pukkaj-dicom-explorer", "processor", {**CT, "cpu.clock": "750 MHz"}, "met", "minimum"),
    ("pukkaj-dicom-explorer", "processor", {**CT, "cpu.clock": "500 MHz"}, "short", None),
    ("pukkaj-dicom-explorer", "processor", {"cpu.clock": "750 MHz"}, "unknown", None),
    ("pukkaj-dicom-explorer", "memory-ct", {**CT, "memory.total": "1 GiB"}, "met", "minimum"),
    ("pukkaj-dicom-explorer", "memory-ct", {**CT, "memory.total": "512 MiB"}, "short", None),
    ("pukkaj-dicom-explorer", "memory-ct", {"memory.total": "512 MiB"}, "unknown", None),
    ("pukkaj-dicom-explorer", "memory-mr", {"workload.modalities": "MR, US", "memory.total": "512 MiB"}, "met",
     "minimum"),
    ("pukkaj-dicom-explorer", "memory-mr", {"workload.modalities": "MR", "memory.total": "256 MiB"}, "short", None),
    ("pukkaj-dicom-explorer", "memory-mr", {**CT, "memory.total": "256 MiB"}, "not applicable", None),
    ("pukkaj-dicom-explorer", "memory-mr", {"memory.total": "256 MiB"}, "unknown", None),
    ("pukkaj-dicom-explorer", "disk", {**CT, "disk.system.size": "32 GB"}, "met", "minimum"),
    ("pukkaj-dicom-explorer", "disk", {**CT, "disk.system.size": "31 GB"}, "short", None),
    ("pukkaj-dicom-explorer", "disk", {"disk.system.size": "32 GB"}, "unknown", None),
    ("pukkaj-dicom-explorer", "card-memory", {**CT, "gpu.memory": "31.5 MiB"}, "met", "minimum"),
    ("pukkaj-dicom-explorer", "card-memory", {**CT, "gpu.memory": "16 MiB"}, "short", None),
    ("pukkaj-dicom-explorer", "card-memory", {**CT, "gpu.memory": "unread"}, "unknown", None),
    ("slicer-5", "system", WINDOWS, "met", "minimum"),
    ("slicer-5", "system", {"os.id": "ubuntu", "os.version": "22.04"}, "met", "minimum"),
    ("slicer-5", "system", {"os.id": "windows", "os.version": "6.1.7601"}, "unknown", "not tested"),
    ("slicer-5", "system", {"os.id": "windows", "os.version": "6.0.6002"}, "short", None),
    ("slicer-5", "system", {"os.id": "debian", "os.version": "13"}, "unknown", None),
    ("slicer-5", "system-names", WINDOWS, "met", "minimum"),
    ("slicer-5", "system-names", {**WINDOWS, "os.build": 17763}, "short", None),
    ("slicer-5", "system-names", {"os.id": "debian"}, "not applicable", None),
    ("slicer-5", "system-names", {"os.id": "windows"}, "unknown", None),
    ("slicer-5", "memory-for-data", {**TWO_GB, "memory.total": "20 GiB"}, "met", "recommended"),
    ("slicer-5", "memory-for-data", {**TWO_GB, "memory.total": "16 GiB"}, "met", "minimum"),
    ("slicer-5", "memory-for-data", {"memory.total": "16 GiB"}, "unknown", None),
    ("slicer-5", "volume-rendering-data", {**TWO_GB, "gpu.memory": "4 GiB"}, "met", "minimum"),
    ("slicer-5", "volume-rendering-data", {**TWO_GB, "gpu.memory": "2 GiB"}, "short", None),
    ("slicer-5", "volume-rendering-data", {"gpu.memory": "2 GiB"}, "unknown", None),
    ("slicer-5", "age", {"asset.released": "2023-05-01"}, "met", "minimum"),
    ("slicer-5", "age", {"asset.released": "2019-05-01"}, "short", None),
    ("slicer-5", "age", {}, "unknown", None),
    ("slicermorph-s2020", "memory-for-data", {**TWO_GB, "memory.total": "20 GiB"}, "met", "recommended"),
    ("slicermorph-s2020", "memory-for-data", {**TWO_GB, "memory.total": "12 GiB"}, "met", "minimum"),
    ("slicermorph-s2020", "memory-for-data", {**TWO_GB, "memory.total": "8 GiB"}, "short", None),
    ("slicermorph-s2020", "memory-for-data", TWO_GB, "unknown", None),
    ("slicermorph-s2020", "card", {"gpu.memory": "1 GiB"}, "met", "minimum"),
    ("slicermorph-s2020", "card", {"gpu.memory": "1998 MiB"}, "unknown", None),
    ("slicermorph-w2020", "memory-for-data", {**TWO_GB, "memory.total": "8 GiB"}, "short", None),
    ("slicermorph-w2020", "memory-for-data", {**TWO_GB, "memory.total": "12 GiB"}, "met", "minimum"),
    ("slicermorph-w2020", "memory-for-data", {"memory.total": "12 GiB"}, "unknown", None),
    ("slicermorph-w2020", "card", {"gpu.memory": "1 GiB"}, "short", None),
    ("slicermorph-w2020", "card", {"gpu.memory": "1998 MiB"}, "unknown", None),
    ("centricity-9.8", "system", {"os.id": "windows", "os.version": "6.1.7601"}, "met", "minimum"),
    ("centricity-9.8", "system", {"os.id": "windows", "os.version": "5.1.2600"}, "short", None),
    ("centricity-9.8", "system", {"os.id": "windows", "os.version": "6.0.6002"}, "unknown", None),
    ("centricity-9.8", "system", {"os.id": "windows"}, "unknown", None),
    ("custo-diagnostic-server-5", "database", {}, "unknown", None),
    ("invesalius-3", "system", {**WINDOWS, "os.build": 22631}, "unknown", None),
    ("invesalius-3", "display", {"displays.a.mode": "1080x1920"}, "met", "recommended"),
    ("invesalius-3", "display", {"displays.a.mode": "1280x1024"}, "met", "minimum"),
    ("invesalius-3", "display", {"displays.a.mode": "800x600"}, "short", None),
    ("invesalius-3", "display", {"displays.a.mode": "unread"}, "unknown", None),
    ("ione", "display", {"displays.a.mode": "1920x1200"}, "met", "recommended"),
    ("ione", "display", {"displays.a.mode": "1440x900"}, "met", "minimum"),
    ("ione", "display", {"displays.a.mode": "1366x768"}, "short", None),
    ("ione", "display", {"displays.a.mode": "unread"}, "unknown", None),
    ("ohif-3.9", "volume-rendering", {"package.chromium": "150.0.7871.181-1~deb13u1"}, "met", "minimum"),
    ("ohif-3.9", "volume-rendering", {"package.chromium": "absent"}, "unknown", None),
    ("orthanc-1.12", "mysql-packets", {"orthanc.database": "mysql"}, "unknown", None),
    ("orthanc-1.12", "mysql-packets", {"orthanc.database": "postgresql"}, "not applicable", None),
    ("orthanc-1.12", "large-files-on-windows", WINDOWS, "unknown", None),
    ("orthanc-1.12", "large-files-on-windows", LINUX, "not applicable", None),
    ("pacs-ris-crawler", "system", {"os.id": "ubuntu", "os.version": "18.04"}, "met", "minimum"),
    ("pacs-ris-crawler", "system", {"os.id": "ubuntu", "os.version": "20.04"}, "short", None),
    ("pacs-ris-crawler", "system", {"os.id": "ubuntu"}, "unknown", None),
    ("pacs-ris-crawler", "search-engine", {"package.solr": "7.7.3"}, "met", "minimum"),
    ("pacs-ris-crawler", "search-engine", {"package.solr": "8.11"}, "unknown", None),
    ("pukkaj-dicom-explorer", "display", {**CT, "displays.a.mode": "1280x1024"}, "met", "minimum"),
    ("pukkaj-dicom-explorer", "display", {**CT, "displays.a.mode": "1024x768"}, "short", None),
    ("pukkaj-dicom-explorer", "display", {**CT, "displays.a.mode": "unread"}, "unknown", None),
    ("pukkaj-dicom-explorer", "display", {**MG, "displays.a.mode": "800x600"}, "not applicable", None),
    ("pukkaj-dicom-explorer", "display-size", CT, "unknown", None),
    ("pukkaj-dicom-explorer", "display-size", MG, "not applicable", None),
    ("slicer-5", "display", {"displays.a.mode": "1024x1280"}, "met", "recommended"),
    ("slicer-5", "display", {"displays.a.mode": "1024x768"}, "met", "minimum"),
    ("slicer-5", "display", {"displays.a.mode": "800x600"}, "short", None),
    ("slicer-5", "display", {"displays.a.mode": "unread"}, "unknown", None),
    ("slicer-5", "system-updates", WINDOWS, "unknown", None),
    ("slicer-5", "system-updates", LINUX, "not applicable", None),
    ("slicer-5", "system-recommended", LINUX, "unknown", None),
    ("slicer-5", "system-recommended", WINDOWS, "not applicable", None),
    ("slicer-5", "c-library", {**LINUX, "package.libc6": "2.41-12"}, "met", "minimum"),
    ("slicer-5", "c-library", {**LINUX, "package.libc6": "2.13-38"}, "short", None),
    ("slicer-5", "c-library", {**LINUX, "package.libc6": "unread"}, "unknown", None),
    ("slicer-5", "c-library", WINDOWS, "not applicable", None),
    ("slicer-5", "library-sound", {**LINUX, "package.libpulse-dev": "1.2"}, "met", "minimum"),
    ("slicer-5", "library-sound", {**LINUX, "package.libpulse-dev": "absent"}, "short", None),
    ("slicer-5", "library-sound", LINUX, "unknown", None),
    ("slicer-5", "library-keys", {**LINUX, "package.libnss3": "1.2"}, "met", "minimum"),
    ("slicer-5", "library-keys", {**LINUX, "package.libnss3": "absent"}, "short", None),
    ("slicer-5", "library-keys", LINUX, "unknown", None),
    ("slicer-5", "library-opengl", {**LINUX, "package.libglu1-mesa": "1.2"}, "met", "minimum"),
    ("slicer-5", "library-opengl", {**LINUX, "package.libglu1-mesa": "absent"}, "short", None),
    ("slicer-5", "library-opengl", LINUX, "unknown", None),
    ("slicer-5", "library-screen", {**LINUX, "package.libxcb-xinerama0": "1.2"}, "met", "minimum"),
    ("slicer-5", "library-screen", {**LINUX, "package.libxcb-xinerama0": "absent"}, "short", None),
    ("slicer-5", "library-screen", LINUX, "unknown", None),
    ("slicermorph-s2020", "display", {"displays.a.mode": "1920x1080"}, "met", "minimum"),
    ("slicermorph-s2020", "display", {"displays.a.mode": "1600x1200"}, "short", None),
    ("slicermorph-s2020", "display", {"displays.a.mode": "unread"}, "unknown", None),
    ("slicermorph-w2020", "display", {"displays.a.mode": "1920x1080"}, "met", "minimum"),
    ("slicermorph-w2020", "display", {"displays.a.mode": "1600x1200"}, "short", None),
    ("slicermorph-w2020", "display", {"displays.a.mode": "unread"}, "unknown", None),
    ("webchart-client", "display", {"displays.a.mode": "1024x768"}, "met", "minimum"),
    ("webchart-client", "display", {"displays.a.mode": "800x600"}, "short", None),
    ("webchart-client", "display", {"displays.a.mode": "unread"}, "unknown", None),
    ("weasis-4", "not-on-macos", {"os.id": "debian"}, "met", "minimum"),
    ("weasis-4", "not-on-macos", {"os.id": "macos"}, "short", None),
    ("weasis-4", "not-on-macos", {"os.id": "unread"}, "unknown", None),
)  # fmt: skip


def found(name: str, line: str, values: Values) -> Finding:
    sheet = SHEETS[name]
    words = {word for one in sheet.requirements if one.when for terms in one.when.terms for word in terms}
    findings = assess(sheet, facts_of(values), use=frozenset(words), today=TODAY)
    return next(one for one in findings if one.requirement == line)


@pytest.mark.parametrize(("name", "line", "values", "verdict", "level"), CASES)
def test_a_line_that_is_more_than_a_bound(
    name: str, line: str, values: Values, verdict: str, level: str | None
) -> None:
    finding = found(name, line, values)
    assert (finding.verdict, finding.level) == (verdict, level), finding.sentence
    assert finding.sentence.endswith((".", '".'))


def test_no_such_line_goes_untested_and_each_of_them_can_be_unknown() -> None:
    lines = {(name, line.id) for name, sheet in SHEETS.items() for line in sheet.requirements if not plain(line)}
    lines = {(name, line) for name, line in lines if not name.startswith("display-")}  # test_calibration_display.py
    assert {(name, line) for name, line, *_ in CASES} == lines
    told = {(name, line) for name, line, _, verdict, _ in CASES if verdict == "unknown"}
    assert told == lines
    for name, line in lines:
        assert found(name, line, {}).verdict == "unknown"


def test_both_figures_of_a_source_that_contradicts_itself_are_told() -> None:
    finding = found("synapse-pacs", "cache", {"disk.system.free": "6 GB"})
    assert finding.verdict == "met"
    assert '"10 GB of cache must be available"' in finding.sentence
    assert '"Chrome 110 or later"' in found("ione-viewing", "browser", {}).sentence


def test_more_than_twelve_products_have_a_sheet_of_trust_a_or_b() -> None:
    shipped = [sheet for name, sheet in SHEETS.items() if not name.startswith(("display-", "class-"))]
    assert len({sheet.product.id for sheet in shipped if sheet.source.trust in ("A", "B")}) >= 20
    assert {sheet.source.trust for sheet in shipped} <= {"A", "B"}
