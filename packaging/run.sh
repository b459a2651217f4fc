#!/usr/bin/env bash
# Sets up .venv and starts the workbench on the shipped codec and sample; words after the command go to the workbench
# instead (bash packaging/run.sh my.wav --codec default). Without a display the same job is done as a capture.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. packaging/setup_env.sh
setup_env run

has_display() {
    [ "$(uname -s)" = Darwin ] && return
    [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] &&
        .venv/bin/python -c 'from PySide6.QtGui import QGuiApplication; QGuiApplication([])' >/dev/null 2>&1
}

[ $# -gt 0 ] || set -- resources/samples/sense_and_sensibility.flac --codec default
if has_display; then
    say "Starting the workbench …"
    exec .venv/bin/speefeare-workbench "$@"
fi
say "There is no display here, so the same job is done as a capture into ./capture …"
QT_QPA_PLATFORM=offscreen .venv/bin/speefeare-workbench "$@" --capture ./capture ||
    fail "The capture did not finish (see above)."
say "Done. ./capture holds $(find capture -name '*.png' | wc -l) pictures and $(find capture -name '*.wav' | wc -l) sound files" \
    "(depth_00.wav is the original, the others are the codec's depths)."
