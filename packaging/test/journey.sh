#!/usr/bin/env bash
# Inside the test root: the bundle alone, from the sample project to an export, a short training run and a played clip.
set -eu
home=/opt/groundwork
engine=$home/groundwork-engine
say() { printf '%-44s%s\n' "$1" "$2"; }
fail() { echo "FAILED: $1"; tail -n 8 /tmp/out /tmp/err /tmp/window.out 2>/dev/null; exit 1; }
step() { local name=$1 begin; shift; begin=$(date +%s%N); "$@" >/tmp/out 2>/tmp/err || fail "$name"
         say "$name" "$(( ($(date +%s%N) - begin) / 1000000 )) ms"; }
holds() { grep -q "$1" "$2" || fail "expected '$1' in $2: $(head -c 400 "$2")"; }
running() { # the ids of the processes that run the program $1
    for process in /proc/[0-9]*; do
        [ "$(readlink "$process/exe" 2>/dev/null)" = "$1" ] && echo "${process#/proc/}"
    done
    true
}
screen() { xwd -root -silent >"/tmp/$1.xwd"; }
until_true() { # tries $1 seconds long
    local left=$1; shift
    while ! "$@"; do [ "$left" -gt 0 ] || return 1; left=$((left - 1)); sleep 1; done
}

step "doctor" $engine doctor
holds "llama.cpp" /tmp/out
grep -E "GGUF" /tmp/out
step "sample project" $engine sample /tmp/sample --verified
step "question about a picture" $engine ask /tmp/sample/meadow.jpg --query "Where is the balloon?" --json
holds '"kind":"box"' <(tr -d ' ' </tmp/out)
step "question about a clip" $engine ask /tmp/sample/parade.mp4 --query "When does the owl appear?" --json
holds '"kind":"segment"' <(tr -d ' ' </tmp/out)
step "question about a sound" $engine ask /tmp/sample/concert.wav --query "When does the flute play?" --json
holds '"kind":"segment"' <(tr -d ' ' </tmp/out)
# The libraries for other processors go aside: what is left must answer on a processor that has no more.
libraries=$home/_internal/llama_cpp/lib
for kind in haswell x64; do
    mkdir -p /tmp/aside
    mv $libraries/libggml-cpu-*.so /tmp/aside/
    mv /tmp/aside/libggml-cpu-$kind.so $libraries/
    step "question, llama.cpp for $kind alone" $engine ask /tmp/sample/meadow.jpg --query "Where is the balloon?" --json
    holds '"kind":"box"' <(tr -d ' ' </tmp/out)
    mv /tmp/aside/* $libraries/
done
step "frame of a clip" $engine frame /tmp/sample/parade.mp4 --index 100 --out /tmp/frame.png
holds PNG /tmp/frame.png
step "export COCO" $engine export /tmp/sample /tmp/coco.json --format coco
holds '"annotations"' /tmp/coco.json
step "short training, every stage" $engine train /tmp/sample --run /tmp/run --plan smoke
[ -d /tmp/run/adapter ] || fail "there is no adapter"

# The tour of the first start would take the keys.
mkdir -p ~/.config/Groundwork && echo '{"toured": true}' >~/.config/Groundwork/settings.json
export QT_QPA_PLATFORM=xcb DISPLAY=:9
Xvfb :9 -screen 0 1280x800x24 >/dev/null 2>&1 &
trap "kill $! 2>/dev/null" EXIT
sleep 2
times=$(for _ in 1 2 3 4 5 6 7 8 9; do
    begin=$(date +%s%N)
    painted=$($home/groundwork --first-paint 2>/tmp/err) || fail "first paint"
    echo $(( ${painted/./} - begin / 1000000 ))
done | tail -n 8 | sort -n | tr '\n' ' ')
say "first paint, warm, fastest of 8 to slowest" "$times ms"

$home/groundwork /tmp/sample/parade.mp4 >/tmp/window.out 2>&1 &
window=$!
there() { [ -n "$(running $engine)" ]; }
until_true 60 there || fail "the window started no engine"
until_true 60 xdotool search --onlyvisible --pid $window >/dev/null || fail "there is no window"
still() { screen one; sleep 2; screen two; cmp -s /tmp/one.xwd /tmp/two.xwd; }
until_true 90 still || fail "the window never comes to rest"
kill -0 $window || fail "the window ended by itself"
say "the window stays open and comes to rest" "ok"
xdotool windowfocus "$(xdotool search --onlyvisible --pid $window | tail -n 1)"
xdotool key space
changed=0
for _ in 1 2 3 4 5; do
    screen one; sleep 0.4; screen two
    cmp -s /tmp/one.xwd /tmp/two.xwd || changed=$((changed + 1))
done
[ $changed -ge 4 ] || fail "the clip does not play: $changed of 5 looks differ"
say "the clip plays" "$changed of 5 looks differ"
before=$(running $engine)
kill -9 $before
again() { local now; now=$(running $engine); [ -n "$now" ] && [ "$now" != "$before" ]; }
until_true 60 again || fail "no engine came back"
kill -0 $window || fail "the window went with its engine"
say "the window survives a killed engine" "ok, a new one came"
kill $window
