#!/usr/bin/env bash
# Sets up .venv with the test extras and runs the whole suite: ruff, mypy, the import contracts, pytest.
# Words after the command go to pytest instead of the whole suite (bash packaging/test.sh tests/core -k framer).
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
. packaging/setup_env.sh
setup_env test || exit 1

failed=()
check() { # name, command …
    local name=$1 started=$SECONDS
    shift
    say "── $name"
    if "$@" </dev/null; then
        say "   $name passed ($((SECONDS - started)) s)"
    else
        say "   $name FAILED"
        failed+=("$name")
    fi
}

if [ $# -eq 0 ]; then
    check "ruff" .venv/bin/ruff check .
    check "mypy" .venv/bin/mypy
    check "import contracts" .venv/bin/lint-imports
fi
# A test that hangs in C is beyond pytest-timeout; it must not hang whoever waits for this script.
tests() { timeout --kill-after=20 2700 .venv/bin/python -m pytest "$@"; }
if [ $# -gt 0 ]; then
    check "pytest" tests "$@"
else
    # What computes and what draws runs on two cores; what waits for engines and sound, two files at a time; what is
    # measured by the ear of a sound card, alone. The files that take longest come first, so that both workers end together.
    drawn=(tests/app/panels tests/app/shell tests/app/widgets)
    alone=(tests/end_to_end/test_audio_path.py tests/end_to_end/test_real_window.py)
    built=(tests/end_to_end/test_wheel.py)
    check "pytest: core, parity, house rules, window, wheel" tests --numprocesses 2 --dist worksteal \
        tests/core tests/parity tests/architecture tests/benchmarks "${drawn[@]}" "${built[@]}"
    check "pytest: engine and live" tests --numprocesses 2 --dist loadfile \
        tests/end_to_end tests/app "${drawn[@]/#/--ignore=}" "${alone[@]/#/--ignore=}" "${built[@]/#/--ignore=}"
    check "pytest: sound, the real window" tests "${alone[@]}"
fi

if [ ${#failed[@]} -gt 0 ]; then
    say "NOT GREEN: ${failed[*]} failed; see above."
    exit 1
fi
say "ALL GREEN: everything passed."
