module workstation/sidecars/ca

go 1.22.0

require golang.org/x/crypto v0.33.0
