"""What the kiosk's browser may do, as Chromium's managed policies (pure).

Chromium passes silently over a name that it does not know; a check of this role holds each against the program.
"""

import re

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)
# `*` alone does not cover the browser's own pages.
BLOCKED = ("*", "chrome://*", "devtools://*", "file://*", "javascript://*", "view-source:*")
NO = False
NEVER = 2  # the word of the Default… settings for "ask nobody, allow nobody"


def policies(origin: str, ca_pem: str) -> dict[str, object]:
    """The policies for a kiosk of the archive at `origin`, as https://archive.example (no path, and no `/*`: a path
    would be taken literally and block everything). `ca_pem` holds one certificate or more."""
    return {
        **_addresses(origin),
        "CACertificates": ["".join(body.split()) for body in _PEM.findall(ca_pem)],
        **_NOTHING_IN_NOTHING_OUT,
        **_NOTHING_KEPT,
        **_TALKS_TO_NOBODY_ELSE,
        **_ASKS_FOR_NOTHING,
    }


def _addresses(origin: str) -> dict[str, object]:
    return {"URLBlocklist": list(BLOCKED), "URLAllowlist": [origin], "BasicAuthOverHttpEnabled": NO}


_NOTHING_IN_NOTHING_OUT: dict[str, object] = {
    "AllowFileSelectionDialogs": NO,
    "DeveloperToolsAvailability": 2,
    "DownloadRestrictions": 3,
    "ExtensionInstallBlocklist": ["*"],
    "PrintingEnabled": NO,
    "RemoteDebuggingAllowed": NO,
    "ScreenCaptureAllowed": NO,
    "TaskManagerEndProcessEnabled": NO,
}
_NOTHING_KEPT: dict[str, object] = {
    "AutofillAddressEnabled": NO,
    "AutofillCreditCardEnabled": NO,
    "BackgroundModeEnabled": NO,
    "BrowserAddPersonEnabled": NO,
    "BrowserGuestModeEnabled": NO,
    "BrowserSignin": 0,
    "EditBookmarksEnabled": NO,
    "IncognitoModeAvailability": 2,
    "PasswordManagerEnabled": NO,
    "SavingBrowserHistoryDisabled": True,
    "SyncDisabled": True,
}
_TALKS_TO_NOBODY_ELSE: dict[str, object] = {
    "ComponentUpdatesEnabled": NO,
    "DnsOverHttpsMode": "off",
    "MetricsReportingEnabled": NO,
    "NetworkPredictionOptions": 2,
    "SafeBrowsingProtectionLevel": 0,
    "SearchSuggestEnabled": NO,
    "SpellCheckServiceEnabled": NO,
    "TranslateEnabled": NO,
}
_ASKS_FOR_NOTHING: dict[str, object] = {
    "AudioCaptureAllowed": NO,
    "DefaultBrowserSettingEnabled": NO,
    "DefaultFileSystemReadGuardSetting": NEVER,
    "DefaultFileSystemWriteGuardSetting": NEVER,
    "DefaultGeolocationSetting": NEVER,
    "DefaultNotificationsSetting": NEVER,
    "DefaultSerialGuardSetting": NEVER,
    "DefaultWebBluetoothGuardSetting": NEVER,
    "DefaultWebUsbGuardSetting": NEVER,
    "PromotionsEnabled": NO,
    "VideoCaptureAllowed": NO,
}
