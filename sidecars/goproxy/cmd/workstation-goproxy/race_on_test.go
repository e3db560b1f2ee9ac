//go:build race

package main

// The gate that the tests start is built as they are.
const raceFlag = "-race=true"
