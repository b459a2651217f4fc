# Sourced by run.sh and test.sh: system libraries, `.venv`, Python packages. The second time it only reads a stamp.
# shellcheck shell=bash

VENV=.venv

RUN_PACKAGES=(libportaudio2 libegl1 libgl1 libglib2.0-0 libfontconfig1 fonts-dejavu-core libdbus-1-3 libxkbcommon0
    libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0
    libxcb-shape0 libxcb-xinerama0 libxcb-xkb1)
# pesq has no wheels and is compiled; the audio tests run on null sinks of a PulseAudio of their own.
TEST_PACKAGES=(gcc g++ libc6-dev git xvfb xauth xdotool pulseaudio pulseaudio-utils libasound2-plugins ffmpeg)

say() { printf '%s\n' "$*"; }
fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

find_python() { # prints the first Python that is new enough
    local candidate
    for candidate in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    return 1
}

install_system_packages() { # with root installs what is missing; otherwise says the one line that does
    local wanted=("$@") line
    line="apt-get install -y --no-install-recommends ${wanted[*]}"
    if ! command -v apt-get >/dev/null; then
        say "This is not Debian or Ubuntu: the system libraries must be there already (PortAudio, EGL, xcb-cursor)."
        return
    fi
    if LC_ALL=C apt-get install --simulate --no-install-recommends "${wanted[@]}" 2>/dev/null |
        grep ' 0 newly installed' >/dev/null; then
        return
    fi
    if [ "$(id -u)" -ne 0 ]; then
        say "Some system libraries seem to be missing. This line installs them:"
        say "    sudo apt-get update && sudo $line"
        return
    fi
    say "Installing system libraries …"
    local log
    log=$(mktemp)
    if ! (export DEBIAN_FRONTEND=noninteractive && apt-get update && $line) >"$log" 2>&1 </dev/null; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        fail "Set-up failed: the system packages could not be installed (see above); try: $line"
    fi
    rm -f "$log"
}

system_packages() { # $1 is run or test; prints the wanted packages, those of Python only where they are missing
    local python=$2 name
    printf '%s\n' "${RUN_PACKAGES[@]}"
    [ "$1" = test ] && printf '%s\n' "${TEST_PACKAGES[@]}"
    [ -n "$python" ] || { printf '%s\n' python3 python3-venv python3-dev && return; }
    name=$("$python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
    "$python" -c 'import ensurepip, venv' 2>/dev/null || printf '%s\n' "$name-venv"
    if [ "$1" = test ] && ! "$python" -c 'import os, sysconfig, sys
sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))'; then
        printf '%s\n' "$name-dev"
    fi
}

pip_install() {
    "$VENV/bin/python" -m pip install --no-input --disable-pip-version-check "$@" >>"$VENV/setup.log" 2>&1 </dev/null
}

install_python_packages() { # $1 is run or test
    local extras=
    [ "$1" = test ] && extras='[test]'
    say "Installing the Python packages (some minutes the first time; details in $VENV/setup.log) …"
    : >"$VENV/setup.log"
    if ! "$VENV/bin/python" -c 'import torch' 2>/dev/null && ! has_nvidia_gpu && [ "$(uname -s)" = Linux ]; then
        pip_install 'torch==2.13.0+cpu' ||
            say "No CPU-only build of PyTorch is offered here; the standard one comes instead, which is larger."
    fi
    if ! pip_install -e ".$extras"; then
        grep -v 'is ignored: it is neither' "$VENV/setup.log" | tail -n 20 >&2
        fail "Set-up failed: the Python packages could not be installed (see above and $VENV/setup.log)."
    fi
    if [ "$1" = test ] && ! pip_install --no-deps -r packaging/parity_peers.txt; then
        tail -n 20 "$VENV/setup.log" >&2
        fail "Set-up failed: the implementations that the parity tests compare with could not be installed (see above)."
    fi
}

has_nvidia_gpu() { command -v nvidia-smi >/dev/null && nvidia-smi -L 2>/dev/null | grep GPU >/dev/null; }

check_libraries() { # do the two libraries that lean on the system load?
    "$VENV/bin/python" -c 'import PySide6.QtWidgets' 2>>"$VENV/setup.log" ||
        fail "Set-up failed: Qt does not load: $(tail -n 1 "$VENV/setup.log"). It needs the system libraries above."
    "$VENV/bin/python" -c 'import sounddevice' 2>>"$VENV/setup.log" ||
        fail "Set-up failed: PortAudio is missing; install the system package libportaudio2."
}

setup_key() { # what the environment depends on; $1 is the Python
    { cat pyproject.toml packaging/setup_env.sh packaging/parity_peers.txt packaging/native.py packaging/hatch_build.py speefeare_core/native/*.[ch] && pwd && "$1" --version; } 2>&1 | sha256sum
}

is_ready() { # does the stamp of the mode, or of one that holds more, fit the key?
    [ -x "$VENV/bin/python" ] || return
    [ "$(cat "$VENV/.set-up-for-$1" 2>/dev/null)" = "$2" ] || [ "$(cat "$VENV/.set-up-for-test" 2>/dev/null)" = "$2" ]
}

setup_env() { # $1 is run or test; call it from the root of the checkout
    local mode=$1 python wanted torchaudio
    python=$(find_python) || python=
    if [ -z "$python" ] || ! is_ready "$mode" "$(setup_key "$python")"; then
        mapfile -t wanted < <(system_packages "$mode" "$python")
        install_system_packages "${wanted[@]}"
        python=$(find_python) ||
            fail "Set-up failed: Python 3.11 or newer is needed; name one with PYTHON=/path/to/python."
        "$VENV/bin/python" -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
            "$python" -m venv --clear "$VENV" ||
            fail "Set-up failed: the environment $VENV could not be made with $python."
        install_python_packages "$mode"
        check_libraries
        setup_key "$python" >"$VENV/.set-up-for-$mode"
        say "The environment $VENV is ready."
    fi
    for torchaudio in "$VENV"/lib/python3*/site-packages/torchaudio; do
        [ -d "$torchaudio" ] && "$VENV/bin/python" packaging/repair_torchaudio.py
    done
    return 0
}
