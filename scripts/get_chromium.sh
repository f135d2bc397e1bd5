#!/bin/sh
# Find Chromium, or get it; where neither works, say how. Pages that need no browser work without it.
for name in "$MONITORS_CHROMIUM_PATH" chromium chromium-browser google-chrome google-chrome-stable; do
  [ -n "$name" ] && command -v "$name" >/dev/null 2>&1 && exit 0
done
ls "${PLAYWRIGHT_BROWSERS_PATH:-$HOME/.cache/ms-playwright}"/chromium-*/*/chrome >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Chromium is missing, installing it (apt-get install chromium) ..."
  (apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium) >/dev/null 2>&1 && exit 0
fi
echo "Chromium is missing, trying Playwright's own ..."
.venv/bin/python -m playwright install chromium >/dev/null 2>&1 && exit 0
echo "No Chromium: pages that need JavaScript can't be read, and browser tests are skipped. Everything else works."
echo "To get it: sudo apt-get install chromium   (or: .venv/bin/python -m playwright install --with-deps chromium)"
exit 0
