#!/bin/sh
# Stands in for the grader in the tests of class mode. The file `behave` in the submission names its
# behaviour.
#
# Run: sh fake-grader.sh TEMPLATE LOG FOLDER [--manifest FILE] --json FILE
template=$1 log=$2 folder=$3
shift 3
manifest=
while [ $# -gt 0 ]; do
  case $1 in
    --manifest) manifest=$2 ;;
    --json) json=$2 ;;
  esac
  shift 2
done
printf '%s\t%s\n' "$(basename "$folder")" "$manifest" >> "$log"

forever() {
  while :; do sleep 0.1; done
}

case $(cat "$folder/behave" 2> /dev/null || echo pass) in
  pass) cp "$template" "$json" ;;
  fail) cp "$template" "$json"; exit 1 ;;
  hang) trap '' TERM; touch "$log.hang"; forever ;;
  tidy) trap 'touch "$folder/tidied"; exit 1' TERM; touch "$log.tidy"; forever ;;
  flood) yes "one more line of nothing at all" ;;
  grow) tail -n 1 /dev/zero ;;
  crash) echo "TypeError: something of ours" >&2; kill -SEGV $$ ;;
  usage) echo "error: submission.json: tasks.part2.client.command: expected an array of strings" >&2; exit 2 ;;
  damage) echo '{"version": 2, "points": 100}' > "$json" ;;
  orphan)
    # leaves the process group and holds the output open, long enough to be seen
    setsid sleep 1000 &
    sleep 0.1
    echo $! > "$folder/../../orphan"
    cp "$template" "$json"
    sleep 0.9
    ;;
esac
