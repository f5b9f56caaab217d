#!/usr/bin/env bash
# The sample system itself on this machine: images built and pushed, containers started, a page through both services
# from the database. On a terminal it stays up until Enter is pressed; otherwise it asks for the page and goes down.
set -euo pipefail

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
directory=$(mktemp -d)
unset PROVISION_TARGET PROVISION_ROUND_TRIP PROVISION_ENGINE

clean_up() {
  cd "$directory" && provision cloud stop >/dev/null 2>&1 || true
  cd / && rm -rf "$directory"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say() { printf '\n== %s\n' "$*"; }

cp -R "$project/stack.toml" "$project/app" "$directory"
cd "$directory"
SECONDS=0

say "Create the whole stack: the images of app/ are built, pushed and run"
provision up --yes
url=$(provision output local_url 2>/dev/null) || url=
if [ -z "$url" ]; then
  printf 'demo-app: no Docker engine responds, so nothing runs here. Start Docker, or see `make demo`\n' >&2
  exit 1
fi

say "Ask for the page"
python - "$url" "$directory/.provision/app.example.com.pem" <<'END'
import re, ssl, sys, urllib.request

url, certificate = sys.argv[1:]
page = urllib.request.urlopen(url, context=ssl.create_default_context(cafile=certificate), timeout=60).read().decode()
for part in ("Frontend", "Backend", "Database", "Nobody has written yet."):
    assert part in page, f"the page does not show {part}"
for host in sorted(set(re.findall(r"host (ip-[0-9-]+)", page))):
    print("answered by", host)
END
provision status

if [ -t 0 ]; then
  say "Open $url (its certificate is self-signed). Press Enter to delete everything"
  read -r _
fi

say "Delete everything"
provision down --yes
provision cloud stop
say "Done, in $SECONDS s"
