#!/bin/sh
# The tasks of this project, from a fresh clone on a machine with only Python 3.11 or newer.
# It finds Python, makes the environment .venv, installs exactly what the hash-locked files name, and runs the task.
set -eu
cd "$(dirname "$0")"

usage() {
    cat <<TXT
usage: ./do TASK [arguments]
  demo    run the simulated company: reports, documents and score, in ./demo
  test    the test suite (arguments go to pytest)
  check   format, lint, types, import contract, generated files
  bench   speed and memory side by side with peers -> docs/benchmarks.md
  soak    what is too long for the suite (kill, ...)  -> docs/soak.md
  docs    write the generated documents of examples/company_a and the reference pages
  lock    resolve the dependencies again (needs uv)
TXT
}

find_python() {
    for candidate in "${PYTHON:-}" python3.14 python3.13 python3.12 python3.11 python3 python; do
        [ -n "$candidate" ] || continue
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            command -v "$candidate"
            return
        fi
    done
    echo "Python 3.11 or newer (with venv) was not found; set PYTHON=/path/to/python" >&2
    exit 2
}

stamp_of() { cksum "$@" pyproject.toml | cksum | cut -d' ' -f1; }

# install LOCK [LOCK...]: once per content of the locks
install() {
    kind=$1
    shift
    [ -x .venv/bin/python ] || {
        echo "making the environment .venv (once)" >&2
        "$(find_python)" -m venv .venv
    }
    stamp=$(stamp_of "$@")
    marker=.venv/taihu-$kind-$stamp
    [ -f "$marker" ] && return
    echo "installing the locked packages (once) ..." >&2
    requirements=""
    for lock in "$@"; do requirements="$requirements -r $lock"; done
    if command -v uv >/dev/null 2>&1; then
        # shellcheck disable=SC2086
        VIRTUAL_ENV=.venv uv pip install --quiet --require-hashes --only-binary :all: $requirements
    else
        # shellcheck disable=SC2086
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: $requirements
    fi
    # The package itself is used in place: a path file instead of a build, so nothing needs a build back end.
    site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    printf '%s\n' "$PWD/src" >"$site/taihu-in-place.pth"
    printf '#!/bin/sh\nexec "%s/.venv/bin/python" -m taihu "$@"\n' "$PWD" >.venv/bin/taihu
    chmod +x .venv/bin/taihu
    .venv/bin/python -m compileall -q -j 2 "$site" src >/dev/null 2>&1 || true
    touch "$marker"
}

# beside GROUP: software that runs beside the project, in an environment of its own; without it what needs it is left out
beside() {
    group=$1
    marker=.venv-$group/ready-$(cksum "requirements-$group.lock" | cut -d' ' -f1)
    [ -f "$marker" ] && return
    echo "installing what stands beside the project in .venv-$group (once) ..." >&2
    [ -x ".venv-$group/bin/python" ] || "$(find_python)" -m venv ".venv-$group"
    ".venv-$group/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
        -r "requirements-$group.lock" && touch "$marker"
}

task=${1:-}
[ $# -gt 0 ] && shift
case $task in
demo)
    install user requirements.lock
    exec .venv/bin/python -m taihu demo "$@"
    ;;
test)
    install dev requirements-dev.lock
    beside foreign || echo "the foreign software could not be installed: its tests are skipped" >&2
    exec .venv/bin/python -m pytest -n 2 --dist loadgroup "$@"
    ;;
check)
    install dev requirements-dev.lock
    .venv/bin/ruff format --check src tests
    .venv/bin/ruff check src tests
    .venv/bin/lint-imports
    .venv/bin/mypy
    .venv/bin/python -m tests.house
    ;;
bench)
    install dev requirements-dev.lock
    beside bench || echo "the peers could not be installed: their lines are left out" >&2
    exec .venv/bin/python -m tests.bench "$@"
    ;;
soak)
    install dev requirements-dev.lock
    case ${1:-} in
    corpus | matching | anomalies) beside bench || echo "the peers could not be installed: their columns are left out" >&2 ;;
    fuzz) beside fuzz || echo "atheris could not be installed: inputs are changed by chance alone" >&2 ;;
    esac
    exec .venv/bin/python -m tests.soak "$@"
    ;;
docs)
    install dev requirements-dev.lock
    exec .venv/bin/python -m tests.house --write "$@"
    ;;
lock)
    # resolve LOCK [arguments ...]: universal, hashes, wheels only
    resolve() {
        lock=$1
        shift
        uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --only-binary :all: --no-emit-index-url \
            --no-annotate --custom-compile-command "./do lock" pyproject.toml "$@" -o "$lock"
    }
    resolve requirements.lock
    resolve requirements-dev.lock -c requirements.lock --all-extras --group dev
    # What tests and benchmarks run beside the project, each in an environment of its own.
    mkdir -p .venv
    for group in foreign bench fuzz; do
        uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --only-binary :all: --no-emit-index-url \
            --no-annotate --custom-compile-command "./do lock" --group "$group" -o "requirements-$group.lock"
    done
    ;;
*)
    usage
    exit 2
    ;;
esac
