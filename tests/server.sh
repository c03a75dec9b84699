# Builds and starts the local Rockset, for the scripts that test it from outside.

# build FILE [OPTION…]: puts the program there that `cargo test` with these options tests.
# `cargo build` would compile DataFusion once more, without what only tests ask of tokio.
build() {
  local file=$1
  shift
  "${CARGO:-cargo}" test --locked --test local --no-run "$@"
  ln -f "${CARGO_TARGET_DIR:-target}/debug/materialize-rockset" "$file"
}

# serve FILE [OPTION…]: starts the program on any free port and leaves its address in `url`.
# It ends with the script.
serve() {
  local file=$1 said
  shift
  said=$(mktemp)
  "$file" local --listen 127.0.0.1:0 "$@" 2>"$said" &
  url=
  while [ -z "$url" ]; do
    if ! kill -0 $! 2>/dev/null; then
      echo "the local Rockset does not start:" >&2
      cat "$said" >&2
      exit 1
    fi
    sleep 0.1
    url=$(sed -n 's/.*listens on \(https\{0,1\}:[^ ]*[0-9]\)\..*/\1/p' "$said")
  done
  rm "$said"
}

stop() {
  kill $(jobs -p) 2>/dev/null || true
  wait
}
trap stop EXIT
