"""One open shell a host, over the system's own `ssh`, through which every command and every file goes.

`wire` says what travels (pure), `target` where to (pure), `become` as whom (pure); `link` is one SSH process, `session`
opens another when it was lost; `transfer` moves files; `answers` keeps what was read; `connector` is pyinfra's door.
"""
