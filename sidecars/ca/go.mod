module workstation/sidecars/ca

go 1.24.0

require (
	github.com/emmansun/gmsm v0.41.1
	golang.org/x/crypto v0.48.0
)
