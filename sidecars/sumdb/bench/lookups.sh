#!/bin/sh
# Lookups a second over loopback, held records, 50 connections (25 for each of two processors), without the race detector.
# Client and server share the machine.
set -eu
cd "$(dirname "$0")/.."
exec go test -run '^$' -bench '^BenchmarkLookup$' -benchtime "${1:-5s}" -count "${2:-3}" -cpu 2 ./internal/serve
