"""Orthanc's configuration, one JSON file a section, named as Debian names them so that no section exists twice."""

import hashlib
import hmac
import json
from typing import Any
from urllib.parse import quote

from builder.models.archive import WORKLISTS
from builder.models.quantity import version

from .variables import Modality, Variables

FOLDER = "/etc/orthanc"  # Orthanc reads every *.json in it, and none of its folders
FILES = (
    "credentials.json",
    "dicomweb.json",
    "gdcm.json",
    "orthanc.json",
    "postgresql.json",
    "serve-folders.json",
    "worklists.json",
)
PLUGIN_FOLDER = "/usr/share/orthanc/plugins"
HTTP_PORT = 8042
INTERNAL_USER = "pacsmith"
NOWHERE = 9  # the discard port


def internal_password(database_password: str, host: str) -> str:
    """Password of the one user of Orthanc's own HTTP port, which only nginx and root's own checks know.

    Derived from the database password: nobody has to keep it, and a rebuild finds the same.
    """
    return hmac.new(database_password.encode(), f"pacsmith orthanc http {host}".encode(), hashlib.sha256).hexdigest()


def plugins(variables: Variables) -> list[str]:
    """The plugins by file: Debian's folder holds more than an archive should load."""
    names = ["ModalityWorklists", "OrthancDicomWeb", "OrthancGdcm", "OrthancPostgreSQLIndex"]
    if variables.storage == "database":
        names.append("OrthancPostgreSQLStorage")
    return [f"{PLUGIN_FOLDER}/lib{name}.so" for name in names]


def modality(peer: Modality) -> dict[str, Any]:
    """A remote AE with exactly the rights that the routes give it, each one named, since Orthanc's default is yes.

    Orthanc delivers a C-MOVE to any AE that it knows. An AE to which no route leads from the archive is therefore known
    with a port where nothing listens: it may ask, but nobody can have images sent there.
    """
    may = peer.may
    return {
        "AET": peer.title,
        "Host": str(peer.address),
        "Port": peer.port if peer.receives else NOWHERE,
        "Manufacturer": "Generic",
        "AllowEcho": "echo" in may,
        "AllowStore": "store" in may,
        "AllowFind": "find" in may,
        "AllowFindWorklist": "worklist" in may,
        "AllowMove": "move" in may,
        "AllowGet": "get" in may,
        "AllowNAction": "commit" in may,
        "AllowEventReport": peer.reports_commitment,
        "AllowTranscoding": True,
        "UseDicomTls": peer.tls,
    }


_RIGHTS = ("Echo", "Find", "FindWorklist", "Get", "Move", "NAction", "Store")


def knows_others(variables: Variables) -> str:
    """Shell text that succeeds when the running Orthanc knows other AEs than its settings name, or with other rights:
    whoever may ask its REST interface on the host can give it some until it is restarted. It fails when Orthanc does
    not answer: then nobody knows."""
    wanted = "\n".join(_told_of_an_ae(name, modality(peer)) for name, peer in _by_name(variables))
    digest = hashlib.sha256((wanted + "\n" if wanted else "").encode()).hexdigest()
    keys = f'"[^"]+":\\{{|"(AET|Host)":"[^"]*"|"Port":[0-9]+|"Allow({"|".join(_RIGHTS)})":(true|false)'
    return (
        "said=$(curl -fsS -m 10 -K /etc/pacsmith/orthanc.curl 'http://127.0.0.1:8042/modalities?expand') || exit 1; "
        f"there=$(printf %s \"$said\" | tr -d ' \\n' | {{ grep -oE '{keys}' || true; }} | sha256sum | cut -c 1-64); "
        f'[ "$there" != {digest} ]'
    )


def _by_name(variables: Variables) -> list[tuple[str, Modality]]:
    return sorted((peer.name, peer) for peer in variables.modalities)


def _told_of_an_ae(name: str, told: dict[str, Any]) -> str:
    """The words of an AE as Orthanc's REST interface lists them, by their names, one a line."""
    rights = [f'"Allow{right}":{str(told[f"Allow{right}"]).lower()}' for right in _RIGHTS]
    words = [f'"{name}":{{', f'"AET":"{told["AET"]}"', *rights, f'"Host":"{told["Host"]}"', f'"Port":{told["Port"]}']
    return "\n".join(words).replace(" ", "")


# Named only where they are needed: Orthanc refuses to start when a file is missing that it would not even use. An
# archive whose own port is plain needs them, too, to call an AE that speaks TLS.
_DICOM_TLS_FILES = {
    "DicomTlsCertificate": "/etc/orthanc/tls/certificate.pem",
    "DicomTlsPrivateKey": "/etc/orthanc/tls/key.pem",
    "DicomTlsTrustedCertificates": "/etc/orthanc/tls/ca.pem",
    "DicomTlsRemoteCertificateRequired": True,
}


# Orthanc's own default, BCP 195 by DCMTK, falls back to TLS 1.0 where OpenSSL lets it, and its TLS 1.2 takes RSA
# certificates alone, which a hospital's own may not be (seen with 1.12.7 and an EC certificate: only TLS 1.3 came
# through). Ciphers: RFC 9325, section 4.2.
_DICOM_TLS_VERSIONS = {
    "DicomTlsMinimumProtocolVersion": 4,  # TLS 1.2
    "DicomTlsCiphersAccepted": [
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES128-GCM-SHA256",
    ],
}


def _dicom_tls(variables: Variables) -> dict[str, Any]:
    """Files, and from Orthanc 1.12.4 on, which knows them, the versions and ciphers."""
    return _DICOM_TLS_FILES | (_DICOM_TLS_VERSIONS if _at_least(variables, "1.12.4") else {})


def _at_least(variables: Variables, wanted: str) -> bool:
    there, least = version(variables.product_version), version(wanted)
    return there is not None and least is not None and there >= least


def _dicom_server(variables: Variables) -> dict[str, Any]:
    return {
        "DicomServerEnabled": True,
        "DicomAet": variables.ae_title,
        "DicomPort": variables.dicom_port,
        "DicomCheckCalledAet": True,
        "DicomCheckModalityHost": True,
        # Orthanc compares titles without regard to case unless told: BRIGID_CT1 and brigid_ct1 are two AEs (PS3.5).
        "StrictAetComparison": True,
        "DicomAlwaysAllowEcho": False,
        "DicomAlwaysAllowStore": False,
        "DicomAlwaysAllowFind": False,
        "DicomAlwaysAllowFindWorklist": False,
        "DicomAlwaysAllowGet": False,
        "DicomAlwaysAllowMove": False,
        # One thread serves one association: every modality may talk at once, and readers beside them.
        "DicomThreadsCount": min(64, max(8, 2 * len(variables.modalities))),
        "DicomScpTimeout": 30,
        "DicomScuTimeout": 10,
        "DicomTlsEnabled": variables.dicom_tls,
        **(_dicom_tls(variables) if variables.speaks_dicom_tls else {}),
        "DicomModalities": {peer.name: modality(peer) for peer in variables.modalities},
        "DicomModalitiesInDatabase": False,
        "SynchronousCMove": True,
        "UnknownSopClassAccepted": False,
    }


def _http_server() -> dict[str, Any]:
    # Orthanc 1.12 cannot bind to one address: RemoteAccessAllowed makes it refuse whoever is not on this machine,
    # and the firewall of the role baseline lets nobody get that far.
    return {
        "HttpServerEnabled": True,
        "HttpPort": HTTP_PORT,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": True,
        "HttpCompressionEnabled": False,
        "KeepAlive": True,
        "TcpNoDelay": True,
        "WebDavEnabled": False,
        "ExecuteLuaEnabled": False,
        "RestApiWriteToFileSystemEnabled": False,
        "OrthancPeersInDatabase": False,
    }


def _storage(variables: Variables) -> dict[str, Any]:
    return {
        "StorageDirectory": variables.storage_directory,
        "IndexDirectory": variables.storage_directory,
        "StorageCompression": False,
        "SyncStorageArea": True,
        "StoreMD5ForAttachments": True,
        "MaximumStorageSize": 0,
        "MaximumPatientCount": 0,
        "OverwriteInstances": False,
        "StorageAccessOnFind": "Never",
        # PS3.18, table 10.6.3-5 wants these in every answer of an instance search; without them in the index they
        # would be missing, because a search never opens the stored files.
        "ExtraMainDicomTags": {
            "Instance": ["Rows", "Columns", "BitsAllocated", "SOPClassUID"],
            "Series": ["PerformedProcedureStepStartDate", "PerformedProcedureStepStartTime"],
            "Study": [],
            "Patient": [],
        },
        "StableAge": 60,
        "ConcurrentJobs": variables.concurrent_jobs,
        "SaveJobs": True,
        "StorageCommitmentReportsSize": 1000,
    }


def database_uri(password: str) -> str:
    """Where Orthanc's database is. Percent-encoded: in a "Password" of its own the plugin quotes nothing, and a space
    would end it."""
    return f"postgresql://orthanc:{quote(password, safe='')}@127.0.0.1:5432/orthanc?sslmode=disable"


def _postgresql(variables: Variables, database_password: str) -> dict[str, Any]:
    return {
        "EnableIndex": True,
        "EnableStorage": variables.storage == "database",
        "ConnectionUri": database_uri(database_password),
        "Lock": True,
        "MaximumConnectionRetries": 10,
        "ConnectionRetryInterval": 1,
        # Before plugin 6.0 (Debian 12 has 4.0, Debian 13 has 5.0) every transaction is serialised: writers side by side
        # collide, wait 100 ms more each time and are refused after MaximumConnectionRetries. Twelve at once through
        # the web door, plugin 5.0, measured 2026-11-22: with 50 connections 2 of 960 images were refused, 96 took
        # 9.4 s; with 4 there were still collisions; with 1 there was none, and 96 took 1.6 s. With 6.0 come both
        # "TransactionMode": "ReadCommitted" and the Book's 50 connections.
        "IndexConnectionsCount": 1,
    }


def sections(variables: Variables, database_password: str) -> dict[str, str]:
    """File name below /etc/orthanc -> its text. credentials.json and postgresql.json hold secrets."""
    documents: dict[str, dict[str, Any]] = {
        "orthanc.json": {
            "Name": variables.host,
            "Plugins": plugins(variables),
            **_storage(variables),
            **_http_server(),
            **_dicom_server(variables),
            # Orthanc Book, implementation notes: assumed where an image names none, and used for C-FIND answers.
            "DefaultEncoding": variables.default_encoding,
            "MallocArenaMax": 5,
            "MetricsEnabled": True,
            "LogExportedResources": False,
        },
        "credentials.json": {"RegisteredUsers": {INTERNAL_USER: internal_password(database_password, variables.host)}},
        "postgresql.json": {"PostgreSQL": _postgresql(variables, database_password)},
        "dicomweb.json": {
            "DicomWeb": {
                "Enable": True,
                "Root": "/dicom-web/",
                "EnableWado": True,
                "WadoRoot": "/wado",
                "Host": variables.web_authority,
                "Ssl": True,
                "StudiesMetadata": "Full",
                "SeriesMetadata": "Full",
            }
        },
        "worklists.json": {"Worklists": {"Enable": True, "Database": WORKLISTS, "FilterIssuerAet": False}},
        "gdcm.json": {"Gdcm": {"Enable": True, "Throttling": 4}},
        "serve-folders.json": {},
    }
    return {name: json.dumps(document, indent=2) + "\n" for name, document in documents.items()}
