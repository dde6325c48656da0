"""Keys with which a browser opens something beside the page: openbox takes them, and the browser never hears of them.

Policies make most of them lead to a page that says "blocked"; a second window with an address bar (C-S-n) and the task
manager (S-Escape) did open on Chromium 150 (lab, 2026-11-22). Left alone are the viewer's own keys, find, reload, zoom,
back and forth in its pages, and what ends the session (A-F4, C-w). C is Ctrl, S is Shift, A is Alt, W is the logo key.
"""

TAKEN = (
    # new windows, tabs, users; what was closed last
    "C-n", "C-t", "C-S-n", "C-S-t", "C-S-w", "C-S-m", "C-S-a", "A-Home", "XF86HomePage",
    # address bar and searches in it, menus
    "C-l", "C-k", "C-e", "A-d", "F6", "S-F6", "F10", "A-f", "A-e", "A-S-t", "A-S-b", "A-S-a", "XF86Search",
    # help, developer tools, source, task manager, reading aloud
    "F1", "S-F1", "F7", "F12", "C-S-i", "C-S-j", "C-S-c", "C-u", "S-Escape", "A-S-i",
    # files, printer
    "C-o", "C-s", "C-p", "C-S-p",
    # history, bookmarks, downloads, clearing them
    "C-h", "C-j", "C-d", "C-S-d", "C-S-o", "C-S-b", "C-S-Delete", "C-y", "XF86Favorites",
    # what desktops give to a terminal, a command line or a menu
    "C-A-t", "A-F1", "A-F2", "A-space", "C-Escape", "W-r", "W-e", "W-l", "XF86Explorer", "XF86Mail", "XF86Calculator",
)  # fmt: skip
